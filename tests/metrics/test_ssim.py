import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import make_clip, noise_frames, run
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.image import structural_similarity_index_measure

from metrics import catalog
from metrics.backbones.ssim import edge_weights, gaussian_window, similarity

#: Mean SSIM in float32 beside float64 references; steep ramps are the worst.
CLOSE = 3e-6


def smooth_pair(seed, count=3, height=40, width=56):
    """Textured frames and a noisy copy: SSIM well inside (0, 1)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    truth = 120 + 60 * np.sin(x / 5.0)[None, ..., None] + 40 * np.cos(y / 3.0)[None, ..., None]
    truth = truth + rng.normal(0, 5, (count, height, width, 3))
    prediction = truth + rng.normal(0, 20, truth.shape)
    return [np.clip(v, 0, 255).astype(np.uint8) for v in (prediction, truth)]


def hard_pairs():
    """Flat, dark, bright and steep frames, where rounding would show; and the smallest."""
    rng = np.random.default_rng(3)
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (48, 64, 3))

    def flat(level, low, high):
        return (level + rng.integers(low, high, (48, 64, 3))).astype(np.uint8)

    return {
        "bright": (flat(250, 0, 3), flat(250, 0, 3)),
        "dark": (flat(0, 0, 4), flat(0, 0, 4)),
        "flat": (flat(200, 0, 1), flat(201, 0, 1)),
        "ramp": (ramp, ramp // 2),
        "opposite": (flat(255, 0, 1), flat(0, 0, 1)),
        "smallest": tuple(noise_frames(s, 1, 11, 12)[0] for s in (1, 2)),
    }


def tensors(*sides):
    return [torch.from_numpy(np.array(v)).permute(0, 3, 1, 2).double() / 255 for v in sides]


def map_by_definition(x, y, window, padding=0, sample=1.0):
    """SSIM from five windowed means with a square kernel, as the papers write it."""
    kernel = window.expand(3, 1, *window.shape)

    def local(v):
        return F.conv2d(v, kernel, padding=padding, groups=3)

    a, b = local(x), local(y)
    va, vb = sample * (local(x * x) - a * a), sample * (local(y * y) - b * b)
    cov = sample * (local(x * y) - a * b)
    top = (2 * a * b + 0.01**2) * (2 * cov + 0.03**2)
    return top / ((a * a + b * b + 0.01**2) * (va + vb + 0.03**2))


def by_definition(prediction, truth):
    """All columns, float64 [B]; 3dgs as its code does it: a convolution padded with zeros."""
    x, y = tensors(prediction, truth)
    line = torch.exp(-((torch.arange(11, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    gauss = torch.outer(line, line) / line.sum() ** 2
    box = torch.full((7, 7), 1 / 49, dtype=torch.float64)
    mirrored = (F.pad(v, (5, 5, 5, 5), mode="reflect") for v in (x, y))
    maps = {
        "ssim/torchmetrics": map_by_definition(*mirrored, gauss),
        "ssim/3dgs": map_by_definition(x, y, gauss, padding=5),
        "ssim/valid": map_by_definition(x, y, gauss),
        "ssim/skimage": map_by_definition(x, y, box, sample=49 / 48),
    }
    return {name: m.mean((1, 2, 3)).numpy() for name, m in maps.items()}


def items_of(prediction, truth):
    clip = make_clip(len(truth), *truth.shape[1:3])
    return run(catalog.build("ssim"), clip, prediction, truth).items


def test_every_column_is_its_definition():
    prediction, truth = smooth_pair(0)
    items, expected = items_of(prediction, truth), by_definition(prediction, truth)
    assert set(items) == set(expected)
    for name, scores in expected.items():
        np.testing.assert_allclose(items[name], scores, atol=CLOSE, err_msg=name)
    assert 0.1 < items["ssim/torchmetrics"].mean() < 0.9
    spread = np.diff(sorted(scores.mean() for scores in items.values()))
    assert spread.min() > 1e-3  # four columns, four values


@pytest.mark.parametrize("name", hard_pairs())
def test_float32_is_enough(name):
    prediction, truth = (v[None] for v in hard_pairs()[name])
    items = items_of(prediction, truth)
    for column, scores in by_definition(prediction, truth).items():
        np.testing.assert_allclose(items[column], scores, atol=CLOSE, err_msg=column)


def test_agrees_with_torchmetrics():
    prediction, truth = smooth_pair(0)
    x, y = tensors(prediction, truth)
    expected, whole = structural_similarity_index_measure(
        x, y, data_range=1.0, reduction="none", return_full_image=True
    )
    found = similarity(prediction, truth)
    np.testing.assert_allclose(found.means["torchmetrics"], expected, atol=CLOSE)
    np.testing.assert_allclose(found.mirrored, whole.mean(1), atol=2e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(11, 40), st.integers(11, 40), st.integers(0, 1000))
def test_borders_are_right_at_every_size(height, width, seed):
    a, b = noise_frames(seed, 1, height, width), noise_frames(seed + 1, 1, height, width)
    a[:, ::2] = b[:, ::2]
    found = items_of(a, b)
    for name, scores in by_definition(a, b).items():
        np.testing.assert_allclose(found[name], scores, atol=CLOSE, err_msg=name)


@pytest.mark.parametrize("rows", [10, 11, 29])
def test_strips_change_nothing(monkeypatch, rows):
    prediction, truth = smooth_pair(5, height=64)
    whole = similarity(prediction, truth)
    monkeypatch.setattr("metrics.backbones.ssim.STRIP", rows * truth.shape[2])
    strips = similarity(prediction, truth)
    for name, means in whole.means.items():
        np.testing.assert_allclose(strips.means[name], means, atol=1e-7, err_msg=name)
    np.testing.assert_allclose(strips.contrast, whole.contrast, atol=1e-7)
    np.testing.assert_allclose(strips.mirrored, whole.mirrored, atol=2e-5)


def test_self_is_exactly_one_and_it_is_symmetric():
    a, b = noise_frames(0, 2), noise_frames(1, 2)
    for scores in items_of(a, a).values():
        np.testing.assert_array_equal(scores, 1.0)
    forward, backward = items_of(a, b), items_of(b, a)
    for name in forward:
        np.testing.assert_allclose(forward[name], backward[name], atol=1e-7)


def test_constant_frames_have_the_luminance_term_alone():
    a, b = np.full((1, 20, 20, 3), 100, np.uint8), np.full((1, 20, 20, 3), 150, np.uint8)
    x, y, c1 = 100 / 255, 150 / 255, 0.01**2
    expected = (2 * x * y + c1) / (x * x + y * y + c1)
    for name, scores in items_of(a, b).items():
        if name != "ssim/3dgs":  # zeros outside are an edge
            assert scores == pytest.approx(expected, abs=1e-6), name


def test_window_sums_to_one_and_mirrored_ends_lose_nothing():
    window = gaussian_window()
    assert window.sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(window, window[::-1])
    outside = edge_weights()[1].numpy()
    np.testing.assert_allclose(outside[:10], 0, atol=1e-12)
    assert outside[10] == pytest.approx(window[:5].sum(), abs=1e-7)


def test_frames_smaller_than_the_window_are_not_scored():
    for name in ("ssim", "ssim/regions"):
        frames = noise_frames(0, 2, 10, 64)
        clip = make_clip(2, 10, 64, head=np.ones((2, 10, 64), bool))
        result = run(catalog.build(name), clip, frames, frames)
        assert set(result.values.values()) == {None}
        assert result.failures[0].type == "too_small"
        assert "64x10" in result.failures[0].message


def test_no_frames_are_a_failure():
    frames = noise_frames(0, 0)
    result = run(catalog.build("ssim"), make_clip(0), frames, frames)
    assert [f.type for f in result.failures] == ["no_frames"]
    assert result.n == 0
