import numpy as np
import pytest
import yaml

from harness.contracts import BadInput, FrameSource
from tests.methods.external.checkouts import calls, flags, prepared, run


@pytest.mark.parametrize(("preset", "version"), [("v1.5", "v15"), ("v1", "v1")])
def test_both_versions_are_found_where_they_write(preset, version, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "musetalk")
    results, row = run(tmp_path / "out.of order", recorded, "musetalk", preset=preset)
    assert results.failures == ()
    assert flags(calls(root)[0])["--version"] == version
    task = yaml.safe_load((root / "seen" / "config.yaml").read_text())["task_0"]
    assert task == {"video_path": "face.mp4", "audio_path": "sound.wav", "bbox_shift": 0}
    assert row.preset == preset


def test_a_task_that_failed_is_a_failure_though_its_exit_code_is_0(tmp_path, monkeypatch):
    blank = FrameSource.of(np.full((22, 32, 32, 3), 99, np.uint8))
    _, recorded = prepared(tmp_path, monkeypatch, "musetalk", frames=blank)
    results, _ = run(tmp_path / "out", recorded, "musetalk")
    assert results.failures[0].type == "NoOutput"


def test_frames_of_an_older_run_in_the_checkout_stay_as_they_are(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "musetalk")
    results, _ = run(tmp_path / "out", recorded, "musetalk")
    assert results.failures == ()
    for name in ("face_sound.mp4", "face/00000000.png"):
        assert (root / "results" / "v15" / name).read_text() == "from elsewhere"


def test_an_unknown_version_is_refused(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "musetalk")
    with pytest.raises(BadInput, match=r"neither v1 nor v15"):
        run(tmp_path / "out", recorded, "musetalk", version="v2")
