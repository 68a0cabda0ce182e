import pytest

from harness.contracts import BadInput
from methods import catalog
from tests.methods.external.checkouts import calls, flags, prepared, run


@pytest.mark.parametrize(("preset", "pasted"), [("paper", False), ("portrait", True)])
def test_its_commands_are_those_of_its_readme(preset, pasted, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "synctalk")
    results, row = run(tmp_path / "out", recorded, "synctalk", preset=preset)
    assert results.failures == ()
    head, lips, test = (flags(call) for call in calls(root))
    assert (head["--iters"], lips["--iters"], lips["--patch_size"]) == ("60000", "100000", "64")
    assert {call["--asr_model"] for call in (head, lips, test)} == {"ave"}
    assert ("--portrait" in test) == pasted  # the preset in the row says which
    assert row.preset == preset


def test_published_rows_say_whether_the_true_frames_stand_around_the_face():
    assert all("--portrait" in result.note for result in catalog.spec("synctalk").published)


@pytest.mark.parametrize(
    ("options", "lacks"),
    [({"au45": False}, "bs.npy"), ({"asr_model": "hubert"}, "aud_hu.npy")],
)
def test_what_the_chosen_ears_and_eyes_read_must_be_there(options, lacks, tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "synctalk")
    with pytest.raises(BadInput, match=f"it lacks {lacks}"):
        run(tmp_path / "out", recorded, "synctalk", **options)


def test_portrait_needs_face_masks(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "synctalk")
    (tmp_path / "toy" / "parsing" / "0_face.png").unlink()
    with pytest.raises(BadInput, match=r"parsing/0_face\.png"):
        run(tmp_path / "out", recorded, "synctalk", preset="portrait")
