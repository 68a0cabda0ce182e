import pytest

from methods import catalog
from tests.methods.external import folders as helpers
from tests.methods.external import gaussian_methods


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


@pytest.fixture
def ready(monkeypatch, tmp_path, tiny, folders):
    """Everything that a method needs, there; returns its checkout."""

    def make(name, **settings):
        root = tmp_path / "checkouts" / name
        given = {**gaussian_methods.SETTINGS[name], **settings}
        folders.checkout(root, "gaussian.py", type(catalog.build(name)).adapter.scripts, **given)
        folders.point_to(monkeypatch, name, root)
        if name == "degstalk":
            (tiny / "3dmm.pt").write_bytes(b"parameters")
            (tiny / "bg").mkdir()
            (tiny / "bg" / "0.png").write_bytes(b"hair")
        if name == "ua3dtalk-official":
            gaussian_methods.save_priors(tiny, folders)
        return root

    return make
