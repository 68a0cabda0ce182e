import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run
from torchmetrics.functional.image import structural_similarity_index_measure

from metrics import catalog
from metrics.ssim import gaussian_window, ssim_map


def smooth_pair(seed, count=3, height=40, width=56):
    """Textured frames and a noisy copy: SSIM well inside (0, 1)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    truth = 120 + 60 * np.sin(x / 5.0)[None, ..., None] + 40 * np.cos(y / 3.0)[None, ..., None]
    truth = truth + rng.normal(0, 5, (count, height, width, 3))
    prediction = truth + rng.normal(0, 20, truth.shape)
    return (np.clip(v, 0, 255).astype(np.uint8) for v in (prediction, truth))


def test_agrees_with_torchmetrics():
    prediction, truth = smooth_pair(0)
    result = run(catalog.build("ssim"), make_clip(3, 40, 56), prediction, truth)
    x, y = (torch.tensor(v).permute(0, 3, 1, 2).double() / 255 for v in (prediction, truth))
    expected = structural_similarity_index_measure(x, y, data_range=1.0, reduction="none")
    np.testing.assert_allclose(result.items["ssim/torchmetrics"], expected, atol=1e-9)
    inside = structural_similarity_index_measure(x, y, data_range=1.0, return_full_image=True)[1]
    inside = inside[..., 5:-5, 5:-5].mean((1, 2, 3))
    np.testing.assert_allclose(result.items["ssim/valid"], inside, atol=1e-9)
    assert 0.1 < result.values["ssim/torchmetrics"] < 0.9


def test_self_is_one_and_symmetric():
    a, b = noise_frames(0, 1)[0], noise_frames(1, 1)[0]
    np.testing.assert_allclose(ssim_map(a, a), 1.0, atol=1e-12)
    np.testing.assert_allclose(ssim_map(a, b), ssim_map(b, a), atol=1e-12)


def test_constant_frames_have_the_luminance_term_alone():
    a, b = np.full((20, 20, 3), 100, np.uint8), np.full((20, 20, 3), 150, np.uint8)
    x, y, c1 = 100 / 255, 150 / 255, 0.01**2
    np.testing.assert_allclose(ssim_map(a, b), (2 * x * y + c1) / (x * x + y * y + c1), atol=1e-9)


def test_window_sums_to_one_and_is_symmetric():
    window = gaussian_window()
    assert window.sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(window, window[::-1])


def test_head_sees_only_damage_within_the_window_of_the_mask():
    truth = noise_frames(0, 2, 48, 48)
    prediction = truth.copy()
    prediction[:, :10, :10] = 0
    head = np.zeros((2, 48, 48), bool)
    head[:, 24:40, 24:40] = True
    metric, clip = catalog.build("ssim"), make_clip(2, 48, 48, head=head)
    values = run(metric, clip, prediction, truth).values
    assert values["ssim/head"] == pytest.approx(1.0)
    assert values["ssim/torchmetrics"] < 0.99
    prediction[:, 30, 30] = 255 - prediction[:, 30, 30]
    assert run(metric, clip, prediction, truth).values["ssim/head"] < 0.999


def test_full_mask_equals_the_whole_frame():
    prediction, truth = smooth_pair(1)
    clip = make_clip(3, 40, 56, head=np.ones((3, 40, 56), bool))
    values = run(catalog.build("ssim"), clip, prediction, truth).values
    assert values["ssim/head"] == pytest.approx(values["ssim/torchmetrics"], abs=1e-12)


def test_empty_and_absent_masks_are_typed_failures():
    frames = noise_frames(0, 2)
    metric = catalog.build("ssim")
    head = np.ones((2, 32, 32), bool)
    head[1] = False
    result = run(metric, make_clip(2, head=head), frames, frames)
    assert [(f.type, f.item) for f in result.failures] == [("empty_mask", 1)]
    assert [f.type for f in run(metric, make_clip(2), frames, frames).failures] == ["no_masks"]


def test_frames_smaller_than_the_window_are_not_scored():
    frames = noise_frames(0, 2, 10, 64)
    result = run(catalog.build("ssim"), make_clip(2, 10, 64), frames, frames)
    assert result.values["ssim/torchmetrics"] is None
    assert result.failures[0].type == "no_frames"
