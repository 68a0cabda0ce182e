from __future__ import annotations

import pytest
import torch

from harness.contracts.errors import BadInput
from methods.gaussians.density import (
    DensityControl,
    DensityOptions,
    duplicate,
    remove,
    reset_opacities,
    split,
)
from methods.gaussians.model import Gaussians, make_optimizer
from methods.gaussians.rasterize import rasterize

NAMES = ("means", "scales", "quats", "opacities", "sh0", "shN")


@pytest.fixture
def trained():
    """Ten Gaussians after a step, so that Adam has moments, beside another parameter."""
    torch.manual_seed(0)
    gaussians = Gaussians.from_points(torch.randn(10, 3), torch.rand(10, 3), sh_degree=1)
    optimizer = make_optimizer(gaussians)
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
    gaussians = Gaussians.from_points(torch.zeros(20000, 3))
    with torch.no_grad():
        gaussians.scales.copy_(torch.tensor([0.5, 0.1, 0.02]).log().expand(20000, 3))
        gaussians.quats.copy_(torch.tensor([0.5**0.5, 0, 0, 0.5**0.5]).expand(20000, 4))
    split(gaussians, None, torch.ones(20000, dtype=torch.bool), torch.Generator().manual_seed(1))
    spread = torch.cov(gaussians.means.detach().T)
    wanted = torch.diag(torch.tensor([0.1, 0.5, 0.02]) ** 2)  # a quarter turn about z
    torch.testing.assert_close(spread, wanted, atol=2e-3, rtol=0.03)


def test_reset_opacities(trained):
    gaussians, optimizer, other = trained
    with torch.no_grad():
        gaussians.opacities[0] = -9.0
    reset_opacities(gaussians, optimizer, 0.01)
    assert gaussians.alphas().max().item() == pytest.approx(0.01)
    assert float(gaussians.opacities[0]) == -9.0
    assert not optimizer.state[gaussians.opacities]["exp_avg_sq"].any()
    assert optimizer.state[gaussians.sh0]["exp_avg_sq"].any()
    check_optimizer(gaussians, optimizer, other)


def render(gaussians, absgrad=False):
    view, K = torch.eye(4)[None].clone(), torch.tensor([[[60.0, 0, 24], [0, 60, 20], [0, 0, 1]]])
    view[:, 2, 3] = 4.0
    return rasterize(
        gaussians.means,
        gaussians.quats,
        gaussians.standard_deviations(),
        gaussians.alphas(),
        gaussians.coefficients(),
        view,
        K,
        48,
        40,
        sh_degree=gaussians.sh_degree,
        absgrad=absgrad,
    )


@pytest.mark.parametrize("absolute", [False, True])
def test_control_grows_and_prunes(absolute):
    torch.manual_seed(0)
    gaussians = Gaussians.from_points(torch.randn(30, 3) * 0.4, opacity=0.6)
    with torch.no_grad():
        gaussians.scales[:10] = -5.0  # small: to be cloned
        gaussians.opacities[29] = -8.0  # unseen: to be pruned
    optimizer = make_optimizer(gaussians)
    options = DensityOptions(
        start=2, every=2, reset_every=4, grow_gradient=1e-9, split_size=0.02, absolute=absolute
    )
    control = DensityControl(gaussians, optimizer, 1.0, options)
    history = []
    for step in range(1, 5):
        optimizer.zero_grad()
        colors, _, meta = render(gaussians, absolute)
        if not absolute:
            meta["means2d"].retain_grad()
        (colors - 0.3).square().mean().backward()
        control.watch(meta)
        optimizer.step()
        history.append(control.refine(step))
    assert history[0] == {"cloned": 0, "split": 0, "pruned": 0, "reset": 0}
    assert history[1]["cloned"] > 0
    assert history[1]["split"] > 0
    assert history[1]["pruned"] >= 1
    assert history[3]["reset"] == 1
    assert gaussians.alphas().max().item() <= 0.01 + 1e-6
    grown = 30 + sum(h["cloned"] + h["split"] - h["pruned"] for h in history)
    assert len(gaussians) == grown == len(optimizer.state[gaussians.quats]["exp_avg"])


def test_never_beyond_the_most():
    gaussians = Gaussians.from_points(torch.randn(30, 3) * 0.4, opacity=0.6)
    options = DensityOptions(start=1, every=1, grow_gradient=1e-9, most=33)
    control = DensityControl(gaussians, make_optimizer(gaussians), 1.0, options)
    _, _, meta = (result := render(gaussians))
    meta["means2d"].retain_grad()
    result[0].square().sum().backward()
    control.watch(meta)
    control.refine(1)
    assert len(gaussians) == 33


def test_watching_needs_a_gradient():
    """Without retain_grad there is nothing to watch, and the error says what to call."""
    gaussians = Gaussians.from_points(torch.randn(5, 3))
    control = DensityControl(gaussians, make_optimizer(gaussians))
    with pytest.raises(BadInput, match="retain_grad"):
        control.watch(render(gaussians)[2])
