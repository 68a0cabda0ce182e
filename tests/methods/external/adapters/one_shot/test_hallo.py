from methods.external.adapters.one_shot.hallo import Hallo
from tests.methods.external.checkouts import calls, flags, prepared, run


def test_the_result_is_named_and_nothing_is_written_into_the_checkout(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "hallo")
    run(tmp_path / "out", recorded, "hallo")
    assert flags(calls(root)[0])["--output"] == "results/made.mp4"
    assert (root / ".cache" / "source_face_mask.png").read_text() == "from elsewhere"


def test_without_a_clip_of_silence_the_frames_after_the_last_whole_clip_are_missing(
    tmp_path, monkeypatch
):
    _, recorded = prepared(tmp_path, monkeypatch, "hallo")
    monkeypatch.setattr(Hallo, "tail", 0.0)
    results, _ = run(tmp_path / "out", recorded, "hallo")
    assert results.failures
