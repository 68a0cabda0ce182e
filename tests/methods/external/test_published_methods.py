"""Each published method by its stand-in: train, render, collect, score; and the trap of each."""

import time

import numpy as np
import pytest
from PIL import Image

from harness.cli.verify import smoke_run
from harness.contracts import BadInput, Unavailable
from harness.media.audio import read_audio
from harness.media.video import read_frames
from harness.plugins import load_entry
from harness.testing import check_spec_reads_without_torch
from methods import catalog
from methods.external.adapters.hallo import Hallo
from tests.methods.external import folders
from tests.methods.external.checkouts import CHECKOUTS, calls, prepared, recording, run, shade
from tests.methods.external.folders import snapshot

ONE_SHOT = ("edtalk", "eat", "sadtalker", "wav2lip", "musetalk", "hallo")
OWN_TEST = ("er-nerf", "synctalk", "gaussiantalker", "instag")
STILL, MOVING = {".png", ".jpg"}, {".mp4"}


def frames_of(path):
    return [np.asarray(Image.open(path))] if path.suffix in STILL else read_frames(path)


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


@pytest.mark.parametrize("method", ONE_SHOT)
def test_no_test_frame_is_ever_given_to_a_2d_method(method, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, method)
    results, _ = run(tmp_path / "out", recorded, method)
    assert results.failures == ()
    given = [path for path in (root / "seen").iterdir() if path.suffix in MOVING | STILL]
    assert given
    for path in given:
        for index, frame in enumerate(frames_of(path)):
            # Frames 0 to 19 are the training part, each one shade of red; 20 and 21 the test.
            assert shade(frame) == pytest.approx(index if path.suffix in MOVING else 0, abs=0.5)


@pytest.mark.parametrize("method", ONE_SHOT)
def test_the_drives_sound_is_what_a_2d_method_hears(method, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, method)
    run(tmp_path / "out", recorded, method)
    sequence = recorded[1]
    test = sequence.part(sequence.test)
    rolled = np.roll(test.audio, len(test.audio) // 2)
    name = "drive.mp4" if method == "eat" else "sound.wav"
    heard = read_audio(root / "seen" / name)[: len(rolled)]  # of the last render: shuffled
    close = 0.1 if method == "eat" else 1e-3  # its sound goes through an mp4
    assert np.abs(heard - rolled).mean() < close * np.abs(rolled).mean() + 1e-4
    assert np.abs(heard - test.audio).mean() > np.abs(heard - rolled).mean() * 5


@pytest.mark.parametrize("method", CHECKOUTS)
def test_a_recording_of_another_rate_is_refused_with_both_numbers(method, tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, method, fps=30.0)
    with pytest.raises(BadInput, match=rf"30 frames per second, and {method} knows only 25"):
        run(tmp_path / "out", recorded, method)


@pytest.mark.parametrize("method", CHECKOUTS)
def test_without_a_checkout_its_authors_words_are_given(method, tmp_path):
    with pytest.raises(Unavailable, match=r"nothing says where its checkout is") as error:
        run(tmp_path / "out", recording(tmp_path / "toy"), method)
    assert load_entry(catalog.spec(method).entry).adapter.home in str(error.value)


@pytest.mark.parametrize("method", CHECKOUTS)
def test_without_weights_it_is_said_which_and_how_to_get_them(method, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, method)
    for asset in load_entry(catalog.spec(method).entry).adapter.assets:
        there = list(root.glob(asset.path))
        assert there, asset.path
        moved = [(path, path.rename(path.with_name("away"))) for path in there[:1]]
        if list(root.glob(asset.path)):  # a pattern that more files satisfy
            continue
        with pytest.raises(Unavailable, match=r"is missing") as error:
            run(tmp_path / "out", recorded, method)
        assert asset.obtain in str(error.value)
        for path, away in moved:
            away.rename(path)


@pytest.mark.parametrize("method", CHECKOUTS)
def test_specs_read_without_torch(method):
    spec = catalog.spec(method)
    check_spec_reads_without_torch(spec.entry.partition(":")[0])
    assert spec.role == ("oracle" if method == "edtalk-v" else "method")
    assert spec.paper
    assert spec.licence
    assert all(result.note and result.values for result in spec.published)


def test_a_square_of_another_size_is_an_error_with_both_sizes(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "hallo")
    monkeypatch.setattr(Hallo, "square", 256)
    results, _ = run(tmp_path / "out", recorded, "hallo")
    failure = results.failures[0]
    assert failure.type == "WrongSize"
    assert "512x512, 256x256 was asked for" in failure.message


SMOKING = [m for m in CHECKOUTS if load_entry(catalog.spec(m).entry).adapter.smoke is not None]


@pytest.mark.parametrize("method", SMOKING)
def test_verify_renders_three_frames(method, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "COUNT", 40)
    monkeypatch.setattr(folders, "TRAIN", 36)
    prepared(tmp_path, monkeypatch, method)
    assert smoke_run(catalog.build(method), tmp_path / "toy", "cpu") == (3, "32x32")
