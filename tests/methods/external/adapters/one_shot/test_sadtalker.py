from pathlib import Path

import numpy as np
import pytest

from harness.contracts import FrameSource
from methods.external.adapters.one_shot.sadtalker import SadTalker
from tests.methods.external.checkouts import calls, flags, prepared, run


def test_an_older_result_is_never_taken(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "sadtalker")
    results, _ = run(tmp_path / "out", recorded, "sadtalker")
    assert results.failures == ()
    places = [Path(flags(call)["--result_dir"]) for call in calls(root)]
    stale = places[0] / "2999_01_01_00.00.00.mp4"  # of a later name than any
    stale.write_bytes(b"not what was asked for")
    for cell in (tmp_path / "out" / "cells" / "render").iterdir():
        cell.rename(cell.with_name(f"{cell.name}-away"))
    results, row = run(tmp_path / "out", recorded, "sadtalker")
    assert results.failures == ()
    assert len(calls(root)) == 4
    assert not stale.exists()
    assert row.scores["psnr"].status == "ok"


def test_a_picture_without_a_face_is_a_failure_though_its_exit_code_is_0(tmp_path, monkeypatch):
    blank = FrameSource.of(np.full((22, 32, 32, 3), 99, np.uint8))
    _, recorded = prepared(tmp_path, monkeypatch, "sadtalker", frames=blank)
    results, row = run(tmp_path / "out", recorded, "sadtalker")
    assert results.failures[0].type == "NoOutput"
    assert row.scores["psnr"].status == "failed"


@pytest.mark.parametrize("still", [True, False])
def test_the_whole_picture_comes_back(still, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "sadtalker")
    run(tmp_path / "out", recorded, "sadtalker", still=still)
    assert not Path(calls(root)[0]["cwd"]).is_relative_to(root), "it writes where it is run"
    call = flags(calls(root)[0])
    assert call["--preprocess"] == "full"
    assert ("--still" in call) == still


def test_without_its_tail_of_silence_the_last_frame_may_be_missing(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "sadtalker")
    manifest, sequence = recorded
    short = sequence.__class__(**{**vars(sequence), "audio": sequence.audio[:-9]})
    assert run(tmp_path / "a", (manifest, short), "sadtalker")[0].failures == ()
    monkeypatch.setattr(SadTalker, "tail", 0.0)
    failures = run(tmp_path / "b", (manifest, short), "sadtalker")[0].failures
    assert failures[0].type == "WrongCount"
