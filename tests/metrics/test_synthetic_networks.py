"""The shipped synthetic-domain networks, on a person that no training has seen."""

import numpy as np
import pytest
from helpers import make_clip, run

from harness.weights import ROOT, registry, resolve
from metrics import catalog
from metrics.faces import ACTION_UNITS, action_units, face_net, synthetic_faces
from metrics.training import NAMES
from splits.synthetic.corpus import training_recordings

FRAMES = 120


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """A recording of somebody beyond the people that the cards name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        return next(training_recordings(1, (128, 128), 7, frames=FRAMES))


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
    assert error.mean() < 1.5
    au, truth = action_units(found.expression), person.signal("au").values
    k = ACTION_UNITS.index("AU26")
    assert np.corrcoef(au[:, k], truth[:, k])[0, 1] > 0.7


def test_regressor_sees_the_same_at_twice_the_size(frames):
    net = face_net(resolve("synthetic-face"), "cpu")
    small = synthetic_faces(net, frames[:4])
    large = synthetic_faces(net, frames[:4].repeat(2, 1).repeat(2, 2))
    np.testing.assert_allclose(large.landmarks, 2 * small.landmarks, atol=0.6)
    np.testing.assert_allclose(large.expression, small.expression, atol=0.05)


def test_regressor_follows_a_face_in_a_frame_that_is_not_square(frames):
    net = face_net(resolve("synthetic-face"), "cpu")
    wide = np.pad(frames[:3], ((0, 0), (0, 0), (20, 20), (0, 0)), mode="edge")
    moved = synthetic_faces(net, wide).landmarks - synthetic_faces(net, frames[:3]).landmarks
    np.testing.assert_allclose(moved.mean((0, 1)), [20, 0], atol=1.5)


def test_an_empty_scene_is_a_typed_failure(person, clip, frames):
    blank = frames.copy()
    blank[5] = person.signal("plate")[5]
    blank[9] = 128
    result = run(catalog.build("lmd/synthetic"), clip, blank, frames, 40)
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
    from dataclasses import replace

    from harness.contracts import BadInput

    with pytest.raises(BadInput, match="30 fps"):
        catalog.build("sync/synthetic").begin(replace(clip, fps=30.0))


def test_lpips_grows_with_the_damage(clip, frames):
    import torch

    from metrics.training.augment import blur

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
    still = frames[:1].repeat(FRAMES, 0)
    for name, column in (
        ("e_fid/synthetic", "e_fid/synthetic"),
        ("lmd/synthetic", "lmd/synthetic"),
        ("aue/synthetic", "aue_l/synthetic"),
    ):
        metric = catalog.build(name)
        same = run(metric, clip, frames, frames, 60).values[column]
        assert same == pytest.approx(0, abs=1e-6)
        noisy = np.clip(frames + np.random.default_rng(0).normal(0, 3, frames.shape), 0, 255)
        near = run(metric, clip, noisy.astype(np.uint8), frames, 60).values[column]
        assert run(metric, clip, still, frames, 60).values[column] > 2 * near > 0
