import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def call(command, tmp_path):
    """Run `score` in this process: (exit code, stdout, stderr); results go to tmp_path/out."""
    return lambda *words: command("score", "--out", tmp_path / "out", *words)


@pytest.fixture
def assets():
    return Path(__file__).resolve().parents[5] / "shared" / "assets"
