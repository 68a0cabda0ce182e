from __future__ import annotations

import pytest
import torch

from methods.gaussians.density import duplicate, remove, split
from methods.gaussians.model import Gaussians, raw_scales


@pytest.fixture
def trained():
    """Ten Gaussians after a step, so that Adam has moments, beside another parameter."""
    torch.manual_seed(0)
    gaussians = Gaussians.from_points(torch.randn(10, 3), torch.rand(10, 3), sh_degree=1)
    groups = [{"params": [p], "name": name} for name, p in gaussians.named_parameters()]
    optimizer = torch.optim.Adam(groups)
    other = torch.nn.Parameter(torch.ones(10))
    optimizer.add_param_group({"params": [other], "name": "network"})
    loss = sum((p * torch.randn_like(p)).sum() for p in gaussians.parameters())
    (loss + other.sum()).backward()
    optimizer.step()
    return gaussians, optimizer, other


def snapshot(gaussians, optimizer):
    return {
        name: (p.detach().clone(), optimizer.state[p]["exp_avg"].clone())
        for name, p in gaussians.named_parameters()
    }


def check_optimizer(gaussians, optimizer, other):
    """Every parameter is held once, with moments of its shape, and can be stepped."""
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in held} == {id(p) for p in [*gaussians.parameters(), other]}
    assert set(optimizer.state) == set(held)
    for p in held:
        assert optimizer.state[p]["exp_avg"].shape == p.shape
        assert optimizer.state[p]["exp_avg_sq"].shape == p.shape
    assert torch.equal(other, optimizer.param_groups[-1]["params"][0])
    sum(p.square().sum() for p in gaussians.parameters()).backward()
    optimizer.step()


def test_duplicate(trained):
    gaussians, optimizer, other = trained
    before = snapshot(gaussians, optimizer)
    mask = torch.arange(10) % 3 == 0
    duplicate(gaussians, optimizer, mask)
    for name, (value, moment) in before.items():
        p = getattr(gaussians, name)
        assert torch.equal(p, torch.cat([value, value[mask]]))
        state = optimizer.state[p]["exp_avg"]
        assert torch.equal(state[:10], moment)
        assert not state[10:].any()
    check_optimizer(gaussians, optimizer, other)


def test_remove(trained):
    gaussians, optimizer, other = trained
    before = snapshot(gaussians, optimizer)
    mask = torch.arange(10) < 4
    remove(gaussians, optimizer, mask)
    for name, (value, moment) in before.items():
        p = getattr(gaussians, name)
        assert torch.equal(p, value[~mask])
        assert torch.equal(optimizer.state[p]["exp_avg"], moment[~mask])
    check_optimizer(gaussians, optimizer, other)


def test_split(trained):
    gaussians, optimizer, other = trained
    before, deviations = snapshot(gaussians, optimizer), gaussians.standard_deviations().detach()
    mask = torch.arange(10) == 7
    split(gaussians, optimizer, mask, torch.Generator().manual_seed(0))
    assert len(gaussians) == 11
    children = gaussians.standard_deviations()[9:]
    torch.testing.assert_close(children, deviations[mask].expand(2, 3) / 1.6)
    assert torch.equal(gaussians.quats[:9], before["quats"][0][~mask])
    assert torch.equal(gaussians.sh0[9:], before["sh0"][0][mask].expand(2, 1, 3))
    assert not torch.equal(gaussians.means[9], gaussians.means[10])
    assert not optimizer.state[gaussians.means]["exp_avg"][9:].any()
    check_optimizer(gaussians, optimizer, other)


def test_children_are_drawn_from_their_parent():
    """Sample covariance of the offsets equals R S S R^T."""
    gaussians = Gaussians.from_points(torch.zeros(20000, 3), torch.zeros(20000, 3))
    with torch.no_grad():
        gaussians.scales.copy_(raw_scales(torch.tensor([0.5, 0.1, 0.02])).expand(20000, 3))
        gaussians.quats.copy_(torch.tensor([0.5**0.5, 0, 0, 0.5**0.5]).expand(20000, 4))
    optimizer = torch.optim.Adam(gaussians.parameters())
    everyone = torch.ones(20000, dtype=torch.bool)
    split(gaussians, optimizer, everyone, torch.Generator().manual_seed(1))
    spread = torch.cov(gaussians.means.detach().T)
    wanted = torch.diag(torch.tensor([0.1, 0.5, 0.02]) ** 2)  # a quarter turn about z
    torch.testing.assert_close(spread, wanted, atol=2e-3, rtol=0.03)
