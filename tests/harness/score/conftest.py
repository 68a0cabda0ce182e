import sys
from pathlib import Path

import pytest

from harness.__main__ import main

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run `score` in this process: (exit code, stdout, stderr); results go to tmp_path/out."""

    def run(*arguments):
        out = str(tmp_path / "out")
        monkeypatch.setattr(sys, "argv", ["harness", "score", "--out", out, *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def assets():
    return Path(__file__).resolve().parents[4] / "shared" / "assets"
