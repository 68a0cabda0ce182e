import importlib.util
from pathlib import Path

import pytest

from harness.contracts import UnknownName

SPEC = importlib.util.spec_from_file_location(
    "root_conftest", Path(__file__).parent / "conftest.py"
)
ROOT_CONFTEST = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(ROOT_CONFTEST)


class Item:
    nodeid = "tests/test_x.py::test_x"

    def __init__(self, *marks):
        self.marks = marks

    def iter_markers(self, name):
        return (mark.mark for mark in self.marks if mark.name == name)


def lacks(*ids):
    return ROOT_CONFTEST.lacks_weights(Item(pytest.mark.weights(*ids)))


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_only_tests_whose_weights_are_all_there_are_kept(folder):
    assert not ROOT_CONFTEST.lacks_weights(Item())
    assert not lacks("lpips-alex-heads")  # comes with the package
    assert lacks("lpips-alexnet")
    (folder / "alexnet-owt-7be5be79.pth").write_bytes(b"x")
    assert not lacks("lpips-alexnet", "lpips-alex-heads")
    assert lacks("lpips-alexnet", "lpips-vgg16")


def test_a_damaged_file_is_not_absent(folder):
    (folder / "face_landmarker.task").write_bytes(b"x")
    assert not lacks("mediapipe-face-landmarker")


def test_a_marker_without_a_known_id_is_refused(folder):
    with pytest.raises(pytest.UsageError, match="test_x"):
        lacks()
    with pytest.raises(UnknownName, match="alexnett"):
        lacks("lpips-alexnett")
