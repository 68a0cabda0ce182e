"""Files behind options: another content is another fit."""

import pytest

from harness.contracts import BadInput
from harness.engine.method_jobs import files_of
from methods import catalog
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.sources import digests

SPEC = catalog.spec("ua3dtalk")


def test_content_counts_and_not_the_name(tmp_path):
    first, second = tmp_path / "a.safetensors", tmp_path / "b" / "a.safetensors"
    second.parent.mkdir()
    for path in (first, second):
        path.write_bytes(b"one")
    same = [digests(PriorConfig(emotion_expert=str(path))) for path in (first, second)]
    assert same[0] == same[1]
    second.write_bytes(b"two")
    assert digests(PriorConfig(emotion_expert=str(second))) != same[0]


def test_every_file_of_a_folder_counts(tmp_path):
    for name in ("x/a.pth", "y/a.pth"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"one")
    before = digests(PriorConfig(official=str(tmp_path)))["official"]
    (tmp_path / "y" / "a.pth").write_bytes(b"two")
    assert digests(PriorConfig(official=str(tmp_path)))["official"] != before


def test_the_key_of_a_fit_has_them(tmp_path):
    path = tmp_path / "a.safetensors"
    found = []
    for content in (b"one", b"two"):
        path.write_bytes(content)
        found.append(files_of(SPEC, {"emotion_expert": str(path)})["files"])
    assert (
        found[0].keys()
        == found[1].keys()
        == {
            "emotion experts",
            "lip experts",
            "emotion_expert",
        }
    )
    assert found[0]["emotion_expert"] != found[1]["emotion_expert"]
    assert files_of(SPEC, {"priors": {"emotion_expert": str(path)}})["files"] == found[1]
    assert files_of(catalog.spec("still"), {}) == {}


def test_a_missing_file_is_refused_before_any_work():
    with pytest.raises(BadInput, match=r"gone\.safetensors: there is no such file"):
        files_of(SPEC, {"emotion_expert": "gone.safetensors"})
