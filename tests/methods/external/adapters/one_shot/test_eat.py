import pytest

from methods.external.adapters.one_shot.eat import EAT
from tests.methods.external.checkouts import calls, flags, prepared, run
from tests.methods.external.folders import snapshot


def outside(root):
    """The checkout but for the stand-in's own notes."""
    return {name: data for name, data in snapshot(root).items() if not name.startswith("seen")}


def test_only_our_picture_and_our_clip_are_worked_on_and_the_checkout_stays_as_it_is(
    tmp_path, monkeypatch
):
    root, recorded = prepared(tmp_path, monkeypatch, "eat", emotion="angry")
    before = outside(root)
    results, _ = run(tmp_path / "out", recorded, "eat")
    assert results.failures == ()
    assert outside(root) == before
    # Two drives, each one clip to preprocess and one picture to render.
    scripts = [call["argv"][0].rpartition("/")[2] for call in calls(root)]
    assert scripts == ["preprocess_video.py", "demo.py"] * 2
    assert [call["files"] for call in calls(root)] == [
        {"drive": "drive.mp4"}, {"source": "source.jpg"}
    ] * 2  # fmt: skip


@pytest.mark.parametrize(
    ("emotion", "name"), [("contempt", "con"), ("disgusted", "dis"), (None, "neu")]
)
def test_the_video_is_found_where_save_dir_would_not_have_put_it(
    emotion, name, tmp_path, monkeypatch
):
    root, recorded = prepared(tmp_path, monkeypatch, "eat", emotion=emotion)
    results, _ = run(tmp_path / "out", recorded, "eat")
    assert results.failures == ()
    call = flags(calls(root)[1])
    assert call["--emo"] == name
    assert "--save_dir" not in call


def test_a_clip_without_its_tail_may_end_too_early(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "eat")
    monkeypatch.setattr(EAT, "tail", 0.0)
    results, _ = run(tmp_path / "out", recorded, "eat")
    assert results.failures[0].type == "WrongCount"
    monkeypatch.undo()
