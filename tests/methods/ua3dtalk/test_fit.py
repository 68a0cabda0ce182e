"""The whole schedule on a small sequence: it learns, resumes to the bit, and renders."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from harness.contracts import (
    ActionUnits,
    BadInput,
    FitContext,
    FrameSource,
    MissingSignal,
    RenderRequest,
    TrainingSet,
    UnknownName,
)
from harness.testing import check_method
from methods.ua3dtalk.data.features import blink_scale_of
from methods.ua3dtalk.method import UA3DTalk
from methods.ua3dtalk.spec import QUICK, SPEC

SMALL = {
    **QUICK,
    "face_iterations": 240,
    "mouth_iterations": 60,
    "fuse_iterations": 30,
    "face_gaussians": 500,
    "mouth_gaussians": 80,
    "face_max_gaussians": 700,
    "mouth_max_gaussians": 175,
    "densify_every": 40,
    "checkpoint_every": 25,
    "base_resolution": 8,
    "multipliers": [1, 2],
    "plane_features": 4,
    "emotion_base_resolution": 8,
    "emotion_multipliers": [1, 2],
    "emotion_features": 4,
    "hidden": 16,
    "latent": 6,
    "ensemble_size": 3,
    "face_motion_rate": 8.0,
    "priors": {"style_steps": 2, "emotion_steps": 2, "folds": 3},
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def request_for(sequence, **controls):
    return RenderRequest.of(sequence.part(sequence.test), controls, oracle=False)


def composed(method, sequence, request):
    plate = sequence.part(sequence.test).signal("plate")
    pictures = [
        f.rgb + (1 - f.alpha[..., None]) * (plate[t] / 255)
        for t, f in enumerate(method.render(request))
    ]
    return np.stack(pictures)


def error(picture, truth):
    return float(np.mean((picture - truth) ** 2))


@pytest.fixture(scope="module")
def fitted(sequence, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("fit")
    steps = []
    context = FitContext(SMALL, progress=lambda stage, done, total, **_: steps.append(stage))
    UA3DTalk().fit(TrainingSet.of(sequence), workdir, context)
    return workdir, steps


@pytest.fixture(scope="module")
def method(fitted):
    method = UA3DTalk()
    method.load(fitted[0])
    return method


def test_it_learns_the_head_better_than_a_still(method, sequence):
    test = sequence.part(sequence.test)
    truth = test.frames.stack(range(len(test.frames))) / 255
    au = test.signal("au")
    learnt = error(composed(method, sequence, request_for(sequence, au=au)), truth)
    head = sequence.signal("masks").region("head", 0)[..., None]
    plates = np.stack([test.signal("plate")[t] / 255 for t in range(len(truth))])
    still = error(np.where(head, sequence.frames[0] / 255, plates), truth)
    # 3 dB is half the squared error.
    assert learnt < still / 2


def test_the_mouth_follows_the_drive(method, sequence):
    request = request_for(sequence)
    silent = dataclasses.replace(request, audio=np.zeros_like(request.audio))
    moved = np.abs(composed(method, sequence, request) - composed(method, sequence, silent))
    mouth = sequence.part(sequence.test).signal("masks").region("mouth").any(0)
    assert moved[:, mouth].mean() > 2 * moved[:, ~mouth].mean() > 0


def test_frames_are_as_the_contract_says(method, sequence):
    request = request_for(sequence, au=sequence.part(sequence.test).signal("au"))
    frames = list(method.render(request))
    assert len(frames) == request.count
    for frame in frames:
        assert frame.rgb.dtype == frame.alpha.dtype == np.float32
        assert frame.rgb.shape == (48, 48, 3)
        assert frame.alpha.shape == (48, 48)
        assert frame.rgb.min() >= 0
        assert frame.alpha.max() <= 1
    inside = sequence.part(sequence.test).signal("masks").region("head")
    alpha = np.stack([f.alpha for f in frames])
    assert alpha[inside].mean() > 0.8
    assert alpha[~inside].mean() < 0.1


def test_every_stage_is_timed(method, sequence):
    from contextlib import contextmanager

    class Clock:
        def __init__(self):
            self.names = []

        @contextmanager
        def stage(self, name):
            self.names.append(name)
            yield

    clock = Clock()
    request = request_for(sequence)
    list(method.render(request, clock))
    assert clock.names[0] == "audio"
    assert clock.names[1:] == ["deform", "splat", "copy"] * request.count


def test_the_record_says_what_was_done(fitted):
    workdir, steps = fitted
    record = json.loads((workdir / "fit.json").read_text())
    assert {k: v["iterations"] for k, v in record["stages"].items()} == {
        "face": 240,
        "mouth": 60,
        "fuse": 30,
    }
    assert record["priors"]["source"] == "trained"
    assert record["perceptual_loss"] == "switched off"
    rows = [json.loads(line) for line in (workdir / "losses.jsonl").read_text().splitlines()]
    assert {row["stage"] for row in rows} == {"face", "mouth", "fuse"}
    assert all(np.isfinite([row["loss"], row["psnr"]]).all() for row in rows)
    face = [row["loss"] for row in rows if row["stage"] == "face"]
    assert np.mean(face[-10:]) < np.mean(face[:10]) / 2
    assert [s for s in dict.fromkeys(steps) if s in ("face", "mouth", "fuse")] == [
        "face",
        "mouth",
        "fuse",
    ]


@pytest.mark.parametrize("stage", ["face", "mouth", "fuse"])
def test_a_killed_fit_ends_with_the_same_numbers(fitted, sequence, tmp_path, stage):
    class Killed(Exception):
        pass

    def kill(name, done, total, **values):
        if name == stage and done >= 0.8 * total:
            raise Killed

    part = sequence.part(sequence.train)
    with pytest.raises(Killed):
        UA3DTalk().fit(TrainingSet.of(part), tmp_path, FitContext(SMALL, progress=kill))
    assert not (tmp_path / "model.json").exists()
    UA3DTalk().fit(TrainingSet.of(part), tmp_path, FitContext(SMALL))
    one = torch.load(fitted[0] / "model.pt", weights_only=True)
    two = torch.load(tmp_path / "model.pt", weights_only=True)
    assert one.keys() == two.keys()
    for group in one:
        for name in one[group]:
            assert torch.equal(one[group][name], two[group][name]), (group, name)


def test_a_finished_fit_does_nothing_again(fitted, sequence):
    workdir, _ = fitted
    before = {p: p.stat().st_mtime_ns for p in workdir.rglob("*")}
    UA3DTalk().fit(TrainingSet.of(sequence), workdir, FitContext(SMALL))
    assert {p: p.stat().st_mtime_ns for p in workdir.rglob("*")} == before


def test_rest_replaces_absent_action_units(method, sequence):
    count = request_for(sequence).count
    train_au = sequence.part(sequence.train).signal("au").column("AU45")
    rest = np.full((count, 1), np.median(np.clip(train_au, 0, 2)), np.float32)
    given = composed(method, sequence, request_for(sequence, au=ActionUnits(rest, ("AU45",))))
    assert np.array_equal(given, composed(method, sequence, request_for(sequence)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"camera": None}, "no camera"),
        ({"count": 3}, "9 cameras for 3 frames"),
    ],
)
def test_bad_requests_are_refused(method, sequence, change, message):
    request = dataclasses.replace(request_for(sequence), **change)
    with pytest.raises(BadInput, match=message):
        next(method.render(request))


def test_controls_of_another_length_are_refused(method, sequence):
    au = sequence.part(range(5)).signal("au")
    with pytest.raises(BadInput, match="5 frames"):
        next(method.render(request_for(sequence, au=au)))


def test_a_blink_is_scaled_as_in_training(method, fitted, sequence, monkeypatch):
    training = TrainingSet.of(sequence.part(sequence.train))
    stored = json.loads((fitted[0] / "model.json").read_text("utf-8"))["blink_scale"]
    assert stored == method._renderer.blink_scale == blink_scale_of(training)
    monkeypatch.setattr(method._renderer, "blink_scale", 0.4)
    count = len(sequence.test)
    shut = np.tile(np.array([[0.0], [2.5], [5.0]], np.float32), (count, 1))[:count]
    request = request_for(sequence, au=ActionUnits(shut, ("AU45",)))
    assert method._renderer.features(request).au[:3, -1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("signal", ["camera", "masks", "plate", "landmarks", "expression", "au"])
def test_a_missing_signal_is_named_before_any_work(sequence, tmp_path, signal):
    bare = dataclasses.replace(
        sequence, signals={k: v for k, v in sequence.signals.items() if k != signal}
    )
    with pytest.raises(MissingSignal, match=f"'{signal}'"):
        UA3DTalk().fit(TrainingSet.of(bare), tmp_path / "fit", FitContext(SMALL))
    assert not (tmp_path / "fit").exists()


def test_options_that_do_not_exist_are_refused(sequence, tmp_path):
    with pytest.raises(UnknownName, match="ensemble_size"):
        UA3DTalk().fit(TrainingSet.of(sequence), tmp_path, FitContext({"ensemble_sise": 3}))
    with pytest.raises(BadInput, match="init"):
        UA3DTalk().fit(TrainingSet.of(sequence), tmp_path, FitContext({"init": "magic"}))


def test_masks_without_a_mouth_are_refused(sequence, tmp_path):
    masks = sequence.signal("masks")
    closed = dataclasses.replace(masks, bits=masks.bits & ~np.uint8(8))
    sequence = dataclasses.replace(sequence, signals={**sequence.signals, "masks": closed})
    with pytest.raises(BadInput, match="inside of the mouth"):
        UA3DTalk().fit(TrainingSet.of(sequence), tmp_path, FitContext(SMALL))


def test_an_unfitted_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"model\.json"):
        UA3DTalk().load(tmp_path)
    with pytest.raises(BadInput, match="no fitted model is loaded"):
        UA3DTalk().render(None)


def test_it_is_a_method_and_reads_no_test_frame(sequence, tmp_path):
    frames = sequence.frames

    def read(t):
        assert t in sequence.train, f"frame {t} belongs to the test"
        return frames.read(t)

    guarded = dataclasses.replace(
        sequence, frames=FrameSource(read, frames.count, frames.height, frames.width)
    )
    short = {"face_iterations": 20, "mouth_iterations": 10, "fuse_iterations": 5}
    check_method(SPEC, guarded, tmp_path, {**SMALL, **short})


@pytest.mark.parametrize(
    "switches",
    [
        {"use_au": False},
        {"content": "own"},
        {"use_prior": False, "use_emotion": False, "use_uncertainty": False},
        {"fusion": "mean"},
        {"fusion": "diag", "init": "random", "sh_degree": 2},
    ],
)
def test_every_switch_trains_and_renders(sequence, tmp_path, switches):
    short = {"face_iterations": 12, "mouth_iterations": 6, "fuse_iterations": 3}
    config = {**SMALL, **short, **switches}
    UA3DTalk().fit(TrainingSet.of(sequence), tmp_path, FitContext(config))
    method = UA3DTalk()
    method.load(tmp_path)
    request = request_for(sequence, au=sequence.part(sequence.test).signal("au"))
    assert np.isfinite(composed(method, sequence, request)).all()
