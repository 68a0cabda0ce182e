from __future__ import annotations

import pytest
import torch

from harness.contracts.errors import BadInput
from methods.gaussians.model import Gaussians, raw_scales
from methods.gaussians.spherical_harmonics import sh_to_rgb


def test_raw_scales_invert_the_activation():
    gaussians = Gaussians.from_points(torch.randn(10, 3), torch.rand(10, 3))
    wanted = torch.tensor([[1e-6, 1e-3, 1.0], [30.0, 100.0, 0.5]])
    gaussians.scales = torch.nn.Parameter(raw_scales(wanted))
    torch.testing.assert_close(gaussians.standard_deviations(), wanted, rtol=1e-4, atol=1e-9)


def test_from_points():
    points = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]])
    colors = torch.rand(4, 3)
    gaussians = Gaussians.from_points(points, colors, sh_degree=2, opacity=0.3)
    assert len(gaussians) == 4
    assert gaussians.coefficients().shape == (4, 9, 3)
    torch.testing.assert_close(gaussians.alphas(), torch.full((4,), 0.3))
    torch.testing.assert_close(sh_to_rgb(gaussians.sh0[:, 0]), colors)
    torch.testing.assert_close(gaussians.standard_deviations()[0], torch.full((3,), 2.0))
    assert torch.isfinite(Gaussians.from_points(torch.zeros(5, 3), torch.zeros(5, 3)).scales).all()
    assert len(Gaussians.from_points(torch.zeros(1, 3), torch.zeros(1, 3))) == 1


def test_refuses_wrong_shapes():
    points = Gaussians.from_points(torch.randn(5, 3), torch.rand(5, 3))
    good = dict(points.named_parameters())
    with pytest.raises(BadInput, match="quats"):
        Gaussians(**{**good, "quats": torch.zeros(5, 3)})
    with pytest.raises(BadInput, match="shN"):
        Gaussians(**{**good, "shN": torch.zeros(5, 4, 3)})
