"""Each published method by its stand-in: train, render, collect, score; and the trap of each."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.cli.verify import smoke_run
from harness.contracts import BadInput, FitContext, FrameSource, TrainingSet, Unavailable
from harness.media.audio import read_audio
from harness.media.video import read_frames
from harness.plugins import load_entry
from harness.testing import check_spec_reads_without_torch, request_of
from methods import catalog
from methods.external.adapters.one_shot.hallo import Hallo
from methods.external.run.environment import variable
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


@pytest.mark.parametrize("method", OWN_TEST)
def test_no_test_frame_is_laid_out_for_a_method_that_reads_a_folder(method, tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, method)
    run(tmp_path / "out", recorded, method)
    (fit,) = (tmp_path / "out" / "cells" / "fit").iterdir()
    for place in ("gt_imgs", "ori_imgs"):
        for index in range(folders.COUNT):
            shown = shade(np.asarray(Image.open(fit / "data" / "toy" / place / f"{index}.jpg")))
            assert shown == pytest.approx(index if index < folders.TRAIN else 0, abs=0.5), place


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
    with pytest.raises(BadInput, match=rf"30 frames per second, and {method} only supports 25"):
        run(tmp_path / "out", recorded, method)


@pytest.mark.parametrize("method", CHECKOUTS)
def test_without_a_checkout_its_authors_words_are_given(method, tmp_path):
    with pytest.raises(Unavailable, match=r"its checkout is not configured") as error:
        run(tmp_path / "out", recording(tmp_path / "toy"), method)
    assert load_entry(catalog.spec(method).entry).adapter.home in str(error.value)


#: Weights that each one's authors say to put there, and a word of how they say to get them.
WEIGHTS = (
    ("edtalk", "ckpts/EDTalk.pt", "README links"),
    ("edtalk", "ckpts/Audio2Lip.pt", "README links"),
    ("edtalk", "ckpts/EDTalk_lip_pose.pt", "separate file"),
    ("edtalk", "ckpts/predefined_exp_weights/*.npy", "README links"),
    ("edtalk-v", "ckpts/EDTalk.pt", "README links"),
    ("eat", "ckpt/deepprompt_eam3d_all_final_313.pth.tar", "gdown"),
    ("eat", "ckpt/pretrain_new_274.pth.tar", "gdown"),
    ("eat", "demo/shape_predictor_68_face_landmarks.dat", "gdown"),
    ("sadtalker", "checkpoints/*.safetensors", "download_models.sh"),
    ("sadtalker", "checkpoints/mapping_*", "download_models.sh"),
    ("wav2lip", "checkpoints/wav2lip.pth", "table of model weights"),
    ("wav2lip", "face_detection/detection/sfd/s3fd.pth", "face detection model"),
    ("musetalk", "models/musetalk*/*.[bp]*", "./models"),
    ("musetalk", "models/musetalk*/*.json", "./models"),
    ("musetalk", "models/sd-vae*/*", "./models"),
    ("musetalk", "models/whisper/*", "./models"),
    ("musetalk", "models/dwpose/*", "./models"),
    ("musetalk", "models/face-parse-bisent/*", "./models"),
    ("hallo", "pretrained_models/hallo/net.pth", "git lfs"),
    ("synctalk", "nerf_triplane/checkpoints/audio_visual_encoder.pth", "git lfs"),
    ("instag", "output/*/*.pth", "Google Drive"),
)


@pytest.mark.parametrize(("method", "pattern", "how"), WEIGHTS)
def test_weights_that_are_not_there_are_asked_for(method, pattern, how, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, method)
    lost = list(root.glob(pattern))
    assert lost
    for path in lost:
        path.unlink()
    with pytest.raises(Unavailable, match=r"is missing") as error:
        run(tmp_path / "out", recorded, method)
    assert how in str(error.value)


@pytest.mark.parametrize("method", CHECKOUTS)
def test_specs_read_without_torch(method):
    spec = catalog.spec(method)
    check_spec_reads_without_torch(spec.entry.partition(":")[0])
    assert spec.role == ("oracle" if method == "edtalk-v" else "method")
    assert spec.paper
    assert spec.licence
    assert all(result.note and result.values for result in spec.published)


@pytest.mark.parametrize("method", ["edtalk", "eat", "hallo"])
def test_a_square_is_laid_back_where_it_was_cut(method, tmp_path, monkeypatch):
    """Around the square of a wide recording the source frame stands still."""
    _, (_, sequence) = prepared(tmp_path, monkeypatch, method)
    wide = np.stack([np.concatenate([frame, frame[:, ::-1]], 1) for frame in sequence.frames])
    points = np.full((len(wide), 68, 2), 16.0)
    points[..., 0] = 40.0  # the head is on the right
    sequence = replace(
        sequence, frames=FrameSource.of(wide), signals={**sequence.signals, "landmarks": points}
    )
    built, spec = catalog.build(method), catalog.spec(method)
    config = spec.presets[spec.default_preset]
    built.fit(TrainingSet.of(sequence), tmp_path / "w", FitContext(config))
    built.load(tmp_path / "w")
    made = [frame.rgb * 255 for frame in built.render(request_of(sequence, spec))]
    assert len(made) == 2
    for frame in made:
        assert frame.shape == (32, 64, 3)
        assert np.abs(frame[:, :24] - wide[0, :, :24]).max() < 0.5
        assert np.abs(frame[:, 56:] - wide[0, :, 56:]).max() < 0.5
        assert 0.1 < np.abs(frame[:, 24:56] - wide[0, :, 24:56]).mean() < 20


def test_a_square_of_another_size_is_an_error_with_both_sizes(tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "hallo")
    monkeypatch.setattr(Hallo, "square", 256)
    results, _ = run(tmp_path / "out", recorded, "hallo")
    failure = results.failures[0]
    assert failure.type == "WrongSize"
    assert "512x512, 256x256 was requested" in failure.message


SMOKING = [m for m in CHECKOUTS if load_entry(catalog.spec(m).entry).adapter.smoke is not None]


@pytest.mark.parametrize("method", SMOKING)
def test_verify_renders_three_frames(method, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "COUNT", 40)
    monkeypatch.setattr(folders, "TRAIN", 36)
    prepared(tmp_path, monkeypatch, method)
    assert smoke_run(catalog.build(method), tmp_path / "toy", "cpu") == (3, "32x32")


def test_the_docs_name_every_adapter_and_what_to_set():
    page = Path(__file__).parents[3] / "docs" / "external-methods.md"
    text = page.read_text("utf-8")
    ids = {spec.id for spec in catalog.specs().values() if ".external.adapters." in spec.entry}
    assert ids == {*CHECKOUTS, "talkinggaussian", "degstalk", "ua3dtalk-official"}
    for name in ids:
        prefix = variable(name, "ROOT").removesuffix("_ROOT")
        assert f"| `{name}` | `{prefix}` |" in text
