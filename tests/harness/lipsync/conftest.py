from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def assets():
    return Path(__file__).resolve().parents[4] / "shared" / "assets"
