import pytest

from tests.methods.external import folders as helpers


@pytest.fixture(scope="session")
def folders():
    return helpers


@pytest.fixture(autouse=True)
def nothing_of_the_user(monkeypatch, tmp_path_factory):
    """No configuration of this machine is read, and its cache is left alone."""
    base = tmp_path_factory.mktemp("user")
    monkeypatch.delenv("HARNESS_EXTERNAL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base / "config"))
    monkeypatch.setenv("HARNESS_CACHE", str(base / "cache"))


@pytest.fixture
def tiny(tmp_path):
    return helpers.prepared_folder(tmp_path / "Tiny")
