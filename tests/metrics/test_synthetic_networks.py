"""The shipped synthetic-domain networks, on a subject that no training has seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import make_clip, run

from harness.contracts import BadInput, FeatureCache, FrameBatch
from harness.weights import ROOT, registry, resolve
from metrics import catalog
from metrics.detectors.synthetic import SYNTHETIC_NAMES, face_net, synthetic_faces
from metrics.training import NAMES
from metrics.training.augment import blur, mirror
from splits.synthetic.corpus import training_sequences

FRAMES = 120


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """A sequence of somebody beyond the subjects that the cards name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        return next(training_sequences(1, (128, 128), 7, frames=FRAMES))


@pytest.fixture(scope="module")
def frames(person):
    return person.frames.stack(range(FRAMES))


@pytest.fixture(scope="module")
def clip(person):
    return make_clip(FRAMES, 128, 128, audio=person.audio, domain="synthetic")


def test_files_are_small_and_those_of_the_registry():
    assert sum(resolve(name).stat().st_size for name in NAMES) < 2_000_000
    for name in NAMES:
        assert registry()[name].sha256
        assert (ROOT / "metrics/weights" / f"{name}.md").is_file()


def test_regressor_finds_the_face_and_says_what_it_does(person, frames):
    found = synthetic_faces(face_net(resolve("synthetic-face"), "cpu"), frames)
    assert found.found.all()
    error = np.linalg.norm(found.landmarks - person.signal("landmarks"), axis=-1)
    assert error.mean() < 0.9
    for name in ("jaw", "AU25"):
        k = SYNTHETIC_NAMES.index(name)
        truth = person.signal("expression").values[:, k]
        assert np.corrcoef(found.expression[:, k], truth)[0, 1] > 0.85, name


def test_regressor_sees_the_same_at_twice_the_size(frames):
    net = face_net(resolve("synthetic-face"), "cpu")
    small = synthetic_faces(net, frames[:4])
    large = synthetic_faces(net, frames[:4].repeat(2, 1).repeat(2, 2))
    np.testing.assert_allclose(large.landmarks, 2 * small.landmarks, atol=1e-2)
    np.testing.assert_allclose(large.expression, small.expression, atol=1e-3)


def test_regressor_follows_a_face_in_a_frame_that_is_not_square(frames):
    net = face_net(resolve("synthetic-face"), "cpu")
    wide = np.pad(frames[:3], ((0, 0), (0, 0), (20, 20), (0, 0)), mode="edge")
    moved = synthetic_faces(net, wide).landmarks - synthetic_faces(net, frames[:3]).landmarks
    np.testing.assert_allclose(moved.mean((0, 1)), [20, 0], atol=1.5)


def test_an_empty_scene_is_a_typed_failure(person, frames):
    blank = frames[:12].copy()
    blank[5] = person.signal("plate")[5]
    blank[9] = 128
    clip = make_clip(12, 128, 128)
    result = run(catalog.build("lmd/synthetic"), clip, blank, frames[:12], 12)
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 5), ("no_face", 9)]


def test_sync_prefers_the_persons_own_sound(person, clip, frames):
    metric = catalog.build("sync/synthetic")
    own = run(metric, clip, frames, frames, 50)
    foreign = make_clip(FRAMES, 128, 128, audio=np.roll(person.audio, len(person.audio) // 2))
    other = run(metric, foreign, frames, frames, 50)
    assert own.n == FRAMES - 5
    assert abs(own.details["offset"]) <= 1
    assert own.values["sync_c/synthetic"] > 2 * other.values["sync_c/synthetic"]
    assert own.values["sync_d/synthetic"] < other.values["sync_d/synthetic"]
    assert own.items["sync_d/synthetic"].mean() == pytest.approx(own.values["sync_d/synthetic"])


def test_sync_finds_a_late_sound_and_does_not_depend_on_batches(person, clip, frames):
    metric = catalog.build("sync/synthetic")
    late = np.concatenate([np.zeros(4 * 640, np.float32), person.audio[: -4 * 640]])
    moved = make_clip(FRAMES, 128, 128, audio=late)
    result = run(metric, moved, frames, frames, 33)
    assert result.details["offset"] in (-5, -4, -3)
    again = run(metric, moved, frames, frames, 7)
    assert again.values["sync_c/synthetic"] == pytest.approx(
        result.values["sync_c/synthetic"], abs=1e-4
    )


def test_sync_counts_frames_without_a_face_and_short_clips(person, clip, frames):
    metric = catalog.build("sync/synthetic")
    blank = frames[:60].copy()
    blank[10:50] = 128
    part = make_clip(60, 128, 128, audio=person.audio[: 60 * 640])
    result = run(metric, part, blank, frames[:60], 20)
    assert sum(f.type == "no_face" for f in result.failures) == 40
    assert result.n < 55
    assert any("windows" in w for w in result.warnings)
    tiny = make_clip(5, 128, 128, audio=person.audio[: 5 * 640])
    nothing = run(metric, tiny, frames[:5], frames[:5])
    assert nothing.values["sync_c/synthetic"] is None
    assert nothing.failures[-1].type == "too_short"
    gone = run(metric, part, np.full_like(frames[:60], 128), frames[:60], 20)
    assert gone.values["sync_d/synthetic"] is None
    assert gone.failures[-1].type == "no_track"


def test_sync_refuses_another_rate(clip):
    with pytest.raises(BadInput, match="30 fps"):
        catalog.build("sync/synthetic").begin(replace(clip, fps=30.0))


def test_a_mirrored_face_has_its_landmarks_in_order(person):
    points = torch.from_numpy(person.signal("landmarks")[:1]).float()
    turned = mirror(torch.zeros(1, 3, 128, 128), points)[1]
    centred = points - points.mean(1, keepdim=True)
    assert (centred - (turned - turned.mean(1, keepdim=True))).norm(dim=-1).mean() < 4
    wrong = points * torch.tensor([-1.0, 1.0])
    assert (centred - (wrong - wrong.mean(1, keepdim=True))).norm(dim=-1).mean() > 12


def test_lpips_grows_with_the_damage(clip, frames):
    metric = catalog.build("lpips/synthetic")
    short, truth = make_clip(6, 128, 128), frames[:6]
    x = torch.from_numpy(truth).permute(0, 3, 1, 2).float()
    values = []
    for sigma in (0.0, 0.5, 1.0, 2.0, 4.0):
        soft = blur(x, sigma).round().byte().permute(0, 2, 3, 1).numpy()
        values.append(run(metric, short, soft, truth).values["lpips/synthetic"])
    assert values[0] == 0
    assert (np.diff(values) > 0).all()


def test_expression_metrics_tell_a_still_face_from_the_moving_one(clip, frames):
    truth = frames[:60]
    noise = np.random.default_rng(0).normal(0, 3, truth.shape)
    sides = {
        "same": truth,
        "noisy": np.clip(truth + noise, 0, 255).astype(np.uint8),
        "still": truth[:1].repeat(60, 0),
    }
    names = ("e_fid/synthetic", "lmd/synthetic", "aue/synthetic")
    values = {
        side: run_together([catalog.build(n) for n in names], clip, prediction, truth)
        for side, prediction in sides.items()
    }
    for column in ("e_fid/synthetic", "lmd/synthetic", "aue_l/synthetic", "aue_u/synthetic"):
        assert values["same"][column] == pytest.approx(0, abs=1e-6)
        assert values["still"][column] > 2 * values["noisy"][column] > 0, column


def run_together(metrics, clip, prediction, truth):
    """Values of several metrics that share one cache, as the harness runs them."""
    batch = FrameBatch(0, prediction, truth, FeatureCache())
    values = {}
    for metric in metrics:
        metric.begin(clip)
        metric.update(batch)
        values |= metric.compute().values
    return values
