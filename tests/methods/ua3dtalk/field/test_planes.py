import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.gaussians.native import library
from methods.ua3dtalk.field import native
from methods.ua3dtalk.field.native import MAX_CHANNELS, NativePlanes
from methods.ua3dtalk.field.planes import TriPlanes, sample_planes


def bilinear(plane, column, row):
    """Sample plane [C, R, R] at texel coordinates, corners aligned, clamped to the border."""
    last = plane.shape[-1] - 1
    column, row = np.clip(column, 0, last), np.clip(row, 0, last)
    c0, r0 = min(int(column), last - 1), min(int(row), last - 1)
    c, r = column - c0, row - r0
    top = plane[:, r0, c0] * (1 - c) + plane[:, r0, c0 + 1] * c
    bottom = plane[:, r0 + 1, c0] * (1 - c) + plane[:, r0 + 1, c0 + 1] * c
    return top * (1 - r) + bottom * r


def test_equals_plain_bilinear_product(means):
    planes = TriPlanes(5, (1, 3), 4, 0.15).double()
    for grid, found in zip(planes.grids, planes(means).chunk(2), strict=True):
        tables, last = grid.detach().permute(0, 3, 1, 2).numpy(), grid.shape[1] - 1
        for n, point in enumerate(means.numpy()):
            x, y, z = (point / 0.15 + 1) / 2 * last
            truth = (
                bilinear(tables[0], x, y) * bilinear(tables[1], x, z) * bilinear(tables[2], y, z)
            )
            np.testing.assert_allclose(found[:, n].detach().numpy(), truth, rtol=1e-10)


def test_starts_in_the_published_range_with_the_published_sizes():
    planes = TriPlanes(64, (1, 2, 4, 8), 16, 0.15)
    assert [tuple(grid.shape) for grid in planes.grids] == [
        (3, side, side, 16) for side in (64, 128, 256, 512)
    ]
    for grid in planes.grids:
        assert 0.1 <= grid.min() < 0.101
        assert 0.499 < grid.max() <= 0.5


def test_outside_the_cube_is_the_border():
    planes = TriPlanes(8, (1,), 3, 0.15)
    inside = planes(torch.tensor([[0.15, -0.15, 0.02]]))
    assert torch.equal(planes(torch.tensor([[0.4, -9.0, 0.02]])), inside)


def test_gradient_reaches_grids_and_means(means):
    planes = TriPlanes(8, (1, 2), 3, 0.15).double()
    means = (means[:6] * 0.7).requires_grad_()
    assert torch.autograd.gradcheck(lambda m: planes(m), (means,))
    planes(means).sum().backward()
    assert all(grid.grad.abs().sum() > 0 for grid in planes.grids)


def value_and_gradients(sample, means, grids, dtype):
    means, *grids = (each.detach().to(dtype).requires_grad_() for each in (means, *grids))
    encoded = sample(0.15, means, *grids)
    weights = torch.linspace(-1, 1, encoded.numel(), dtype=torch.float64).view_as(encoded)
    gradients = torch.autograd.grad(encoded, (means, *grids), weights.to(dtype))
    return [encoded.detach(), *gradients]


def assert_kernel_equals_float64(means, grids):
    found = value_and_gradients(NativePlanes.apply, means, grids, torch.float32)
    truth = value_and_gradients(sample_planes, means, grids, torch.float64)
    for ours, theirs in zip(found, truth, strict=True):
        assert (ours.double() - theirs).norm() <= 1e-5 * theirs.norm()


@settings(max_examples=40, deadline=None)
@given(
    channels=st.sampled_from([1, 3, 8, 16, 20, 64]),
    sides=st.lists(st.integers(2, 12), min_size=1, max_size=3),
    points=st.integers(1, 40),
    seed=st.integers(0, 2**31),
)
def test_kernel_equals_grid_sample(channels, sides, points, seed):
    generator = torch.Generator().manual_seed(seed)
    means = (torch.rand(points, 3, generator=generator) - 0.5) * 0.4
    grids = [torch.rand(3, side, side, channels, generator=generator) for side in sides]
    assert_kernel_equals_float64(means, grids)


@pytest.mark.parametrize("isa", library.supported_isas())
def test_kernel_of_every_instruction_set(isa, monkeypatch, means):
    core = native.declare(library.load_isa(isa))
    monkeypatch.setattr(native, "native_core", lambda: core)
    assert_kernel_equals_float64(means, [torch.rand(3, 9, 9, 8), torch.rand(3, 4, 4, 8)])


def test_kernel_at_exact_texels_and_corners():
    grids = [torch.rand(3, 5, 5, 4)]
    ticks = torch.linspace(-0.15, 0.15, 5)
    means = torch.cartesian_prod(ticks, ticks, ticks)
    torch.testing.assert_close(
        NativePlanes.apply(0.15, means, *grids), sample_planes(0.15, means, *grids)
    )


def test_kernel_takes_a_plane_of_one_texel():
    means, grid = torch.rand(5, 3), torch.rand(3, 1, 1, 4)
    truth = grid.prod(0).flatten()[:, None].expand(4, 5)
    torch.testing.assert_close(NativePlanes.apply(0.15, means, grid), truth)


def test_kernel_is_the_same_whatever_the_threads():
    means = (torch.rand(500, 3) - 0.5) * 0.3
    grids = [torch.rand(3, 6, 6, 8), torch.rand(3, 12, 12, 8)]
    threads, results = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(value_and_gradients(NativePlanes.apply, means, grids, torch.float32))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_more_channels_than_the_kernel_takes_go_to_torch():
    planes = TriPlanes(4, (1,), MAX_CHANNELS + 1, 0.15)
    assert planes(torch.rand(3, 3)).shape == (MAX_CHANNELS + 1, 3)
