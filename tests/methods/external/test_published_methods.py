"""Each published method by its stand-in: train, render, collect, score; and the trap of each."""

import time

import pytest

from tests.methods.external.checkouts import CHECKOUTS, calls, prepared, run
from tests.methods.external.folders import snapshot

ONE_SHOT = ("edtalk", "eat", "sadtalker", "wav2lip", "musetalk", "hallo")
OWN_TEST = ("er-nerf", "synctalk", "gaussiantalker", "instag")


@pytest.mark.parametrize("method", CHECKOUTS)
def test_a_standin_is_trained_rendered_collected_and_scored(method, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, method)
    before = snapshot(tmp_path / "toy")
    start = time.monotonic()
    results, row = run(tmp_path / "out", recorded, method)
    assert time.monotonic() - start < 20
    assert results.failures == ()
    score = row.scores["psnr"]
    assert score.status == "ok", score.reason
    # The stand-ins paint the source or the truth: a wrong order or place of frames costs more.
    assert score.value > (30 if method in OWN_TEST else 8)
    assert snapshot(tmp_path / "toy") == before
    drives = {row.drive for row in results.rows}
    assert ("shuffled-audio" in drives) == (method in ONE_SHOT)
    assert calls(root)
