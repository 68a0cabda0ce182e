import golden
import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run

from harness.testing import check_metric
from harness.weights import resolve
from metrics import catalog
from metrics.backbones.trunks import AlexNet
from metrics.lpips import distances
from metrics.tlp import TLP


@pytest.fixture(scope="module")
def metric(tmp_path_factory):
    """With a seeded trunk in a file, and the real heads."""
    path = tmp_path_factory.mktemp("weights") / "alexnet.pth"
    torch.save(golden.seeded_state(AlexNet().state_dict(), 1), path)
    files = {"lpips-alexnet": path, "lpips-alex-heads": resolve("lpips-alex-heads")}
    return TLP(catalog.spec("tlp/alex"), files)


@pytest.mark.parametrize("batch", [1, 4, 9])
def test_equals_its_definition_in_any_batches(metric, batch):
    prediction, truth = golden.moving_clip()
    result = run(metric, make_clip(9, 80, 112), prediction, truth, batch)
    middle = [side[:, 8:72, 8:104] for side in (prediction, truth)]
    expected = []
    for t in range(3, 7):
        one, two = (
            distances(metric._network, side[t - 1 : t], side[t : t + 1])[0] for side in middle
        )
        expected.append(100 * abs(one - two))
    assert result.values["tlp/alex"] == pytest.approx(np.mean(expected), rel=1e-3)
    np.testing.assert_allclose(result.items["tlp/alex"][3:7], expected, rtol=1e-2, atol=1e-4)
    assert result.n == 4


def test_equal_and_still_frames_have_none(metric):
    moving, _ = golden.moving_clip()
    assert run(metric, make_clip(9, 80, 112), moving, moving).values == {"tlp/alex": 0.0}
    still, other = (np.repeat(noise_frames(seed, 1, 64, 64), 9, 0) for seed in (0, 1))
    assert run(metric, make_clip(9, 64, 64), still, other).values == {"tlp/alex": 0.0}


def test_a_still_prediction_leaves_the_truths_own_change(metric):
    _, truth = golden.moving_clip()
    still = np.repeat(truth[:1], 9, 0)
    value = run(metric, make_clip(9, 80, 112), still, truth).values["tlp/alex"]
    part = truth[2:7, 8:72, 8:104]
    change = distances(metric._network, part[:-1], part[1:])
    assert value == pytest.approx(100 * change.mean(), rel=1e-4)
    assert value > 0


def test_too_short_and_too_small_clips_have_no_value(metric):
    short = run(metric, make_clip(5, 64, 64), *(noise_frames(s, 5, 64, 64) for s in (0, 1)))
    assert (short.values, short.failures[0].type) == ({"tlp/alex": None}, "too_short")
    small = run(metric, make_clip(9, 47, 64), *(noise_frames(s, 9, 47, 64) for s in (0, 1)))
    assert (small.values, small.failures[0].type) == ({"tlp/alex": None}, "too_small")


def test_conformance(metric):
    frames = noise_frames(0, 8, 64, 64), noise_frames(1, 8, 64, 64)
    check_metric(metric, make_clip(8, 64, 64), *frames)
