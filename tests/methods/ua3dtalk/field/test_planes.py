import numpy as np
import torch

from methods.ua3dtalk.field.planes import TriPlanes


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
    for grid, found in zip(planes.grids, planes(means), strict=True):
        tables, last = grid.detach().numpy(), grid.shape[-1] - 1
        for n, point in enumerate(means.numpy()):
            x, y, z = (point / 0.15 + 1) / 2 * last
            truth = (
                bilinear(tables[0], x, y) * bilinear(tables[1], x, z) * bilinear(tables[2], y, z)
            )
            np.testing.assert_allclose(found[:, n].detach().numpy(), truth, rtol=1e-10)


def test_starts_in_the_published_range_with_the_published_sizes():
    planes = TriPlanes(64, (1, 2, 4, 8), 16, 0.15)
    assert [tuple(grid.shape) for grid in planes.grids] == [
        (3, 16, side, side) for side in (64, 128, 256, 512)
    ]
    for grid in planes.grids:
        assert 0.1 <= grid.min() < 0.101
        assert 0.499 < grid.max() <= 0.5


def test_outside_the_cube_is_the_border():
    planes = TriPlanes(8, (1,), 3, 0.15)
    inside = planes(torch.tensor([[0.15, -0.15, 0.02]]))[0]
    assert torch.equal(planes(torch.tensor([[0.4, -9.0, 0.02]]))[0], inside)


def test_gradient_reaches_grids_and_means(means):
    planes = TriPlanes(8, (1, 2), 3, 0.15).double()
    means = (means[:6] * 0.7).requires_grad_()
    assert torch.autograd.gradcheck(lambda m: torch.cat(planes(m)), (means,))
    torch.cat(planes(means)).sum().backward()
    assert all(grid.grad.abs().sum() > 0 for grid in planes.grids)
