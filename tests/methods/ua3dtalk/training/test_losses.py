import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from methods.ua3dtalk.field.conditions import Offsets
from methods.ua3dtalk.training import losses


def images(seed, height=40, width=56):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(3, height, width, generator=generator, dtype=torch.float64)
    y = (x + 0.2 * torch.randn(x.shape, generator=generator, dtype=torch.float64)).clamp(0, 1)
    return x, y


def test_ssim_map_agrees_with_torchmetrics_away_from_the_border():
    # torchmetrics reflects at the border and 3DGS pads with zeros: only the inside can agree.
    x, y = images(0)
    _, full = structural_similarity_index_measure(
        x[None], y[None], data_range=1.0, return_full_image=True
    )
    stack = torch.stack([x, y, x * x, y * y, x * y])
    mx, my, xx, yy, xy = losses._blur(stack)
    ours = ((2 * mx * my + losses.SSIM_C1) * (2 * (xy - mx * my) + losses.SSIM_C2)) / (
        (mx**2 + my**2 + losses.SSIM_C1) * (xx - mx**2 + yy - my**2 + losses.SSIM_C2)
    )
    inside = (..., slice(5, -5), slice(5, -5))
    # torchmetrics keeps the Gaussian's tail in float32.
    assert torch.allclose(ours[inside], full[0][inside], atol=1e-5)
    assert losses.ssim(x, y) == pytest.approx(float(ours.mean()), abs=1e-12)


def test_blur_is_a_zero_padded_convolution():
    x, _ = images(1, 20, 33)
    distance = torch.arange(11, dtype=torch.float64) - 5
    window = torch.exp(-(distance**2) / (2 * 1.5**2))
    kernel = torch.outer(window, window) / window.sum() ** 2
    expected = torch.nn.functional.conv2d(x[:, None], kernel[None, None], padding=5)[:, 0]
    assert torch.allclose(losses._blur(x), expected, atol=1e-13)


def test_ssim_identities_and_gradient():
    x, y = images(2, 12, 13)
    assert losses.ssim(x, x) == pytest.approx(1.0)
    assert losses.ssim(x, y) == pytest.approx(float(losses.ssim(y, x)))
    y.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda image: losses.ssim(image, x), (y,))


def test_photometric_is_l1_and_a_fifth_of_dssim():
    x, y = images(3)
    expected = (x - y).abs().mean() + 0.2 * (1 - losses.ssim(x, y))
    assert losses.photometric(x, y) == pytest.approx(float(expected))
    assert losses.photometric(x, x) == pytest.approx(0.0, abs=1e-12)


def test_motion_size_sums_the_means_of_what_exists():
    means, quats, scales = (torch.randn(7, n) for n in (3, 4, 3))
    only = losses.motion_size(Offsets(means))
    assert only == pytest.approx(float(means.abs().mean()))
    both = losses.motion_size(Offsets(means, quats, scales))
    assert both == pytest.approx(
        float(means.abs().mean() + quats.abs().mean() + scales.abs().mean())
    )


def test_alpha_outside_counts_both_kinds_of_error():
    alpha, inside = torch.rand(9, 8), torch.rand(9, 8) > 0.4
    published = ((1 - alpha) * inside).mean() + (alpha * ~inside).mean()
    assert losses.alpha_outside(alpha, inside) == pytest.approx(float(published))
    assert losses.alpha_outside(inside.float(), inside) == 0
    assert losses.alpha_outside((~inside).float(), inside) == 1


def test_attention_inside_an_empty_mask_is_zero():
    attention = torch.rand(5, 5)
    assert losses.attention_inside(attention, torch.zeros(5, 5, dtype=torch.bool)) == 0
    mask = torch.eye(5, dtype=torch.bool)
    assert losses.attention_inside(attention, mask) == pytest.approx(
        float(attention.diagonal().mean())
    )


def test_erosion_takes_the_outermost_pixels_and_spares_the_frame():
    mask = torch.zeros(9, 9, dtype=torch.bool)
    mask[:, 2:7] = True
    found = losses.eroded(mask, 2)
    assert found[:, 4].all()
    assert int(found.sum()) == 9


def test_psnr_of_a_known_offset():
    x = torch.full((3, 4, 4), 0.5)
    assert losses.psnr(x, x + 0.1) == pytest.approx(20.0, abs=1e-4)
