import copy

import torch

from methods.gaussians.model import Gaussians, raw_scales
from methods.ua3dtalk.config import TrainConfig
from methods.ua3dtalk.scene.cloud import Cloud
from methods.ua3dtalk.scene.density import is_green


def make_cloud(count=6):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(count, 3, generator=generator) * 0.1
    colours = torch.full((count, 3), 0.5)
    return Cloud.seeded(points.numpy(), colours.numpy(), TrainConfig(), "cpu")


def control(cloud, most=100, min_opacity=0.05):
    cloud.density.control(
        cloud.gaussians,
        cloud.optimizer,
        threshold=1.0,
        min_opacity=min_opacity,
        most=most,
        generator=torch.Generator().manual_seed(1),
    )


def set_scale(cloud, deviation):
    with torch.no_grad():
        cloud.gaussians.scales.copy_(raw_scales(torch.full((len(cloud), 3), deviation)))


def test_small_ones_are_cloned_and_wide_ones_split():
    for deviation, kept in ((0.001, 6), (0.05, 4)):
        cloud = make_cloud()
        set_scale(cloud, deviation)
        before = cloud.means.detach().clone()
        cloud.density.pull[:2] = 3.0
        cloud.density.seen[:] = 2.0
        control(cloud)
        assert len(cloud) == 8
        same = (cloud.means[:, None] == before[None]).all(-1).any(0)
        assert int(same.sum()) == kept
        assert not cloud.density.seen.any()


def test_the_neediest_come_first_when_room_is_short():
    cloud = make_cloud()
    set_scale(cloud, 0.001)
    cloud.density.pull[:] = torch.tensor([2.0, 9.0, 3.0, 8.0, 4.0, 0.0])
    cloud.density.seen[:] = 1.0
    needy = cloud.means[[1, 3]].detach().clone()
    control(cloud, most=8)
    assert torch.equal(cloud.means[6:].detach(), needy)


def test_faint_and_green_ones_go():
    cloud = make_cloud()
    with torch.no_grad():
        cloud.gaussians.opacities[0] = -5.0
        cloud.gaussians.sh0[1, 0] = torch.tensor([-0.5, 0.5, -0.5]) / 0.28209479
        cloud.gaussians.sh0[2, 0] = torch.tensor([-0.6, 0.7, -0.5]) / 0.28209479
    assert is_green(cloud.gaussians).tolist() == [False, True, True, False, False, False]
    control(cloud)
    assert len(cloud) == 3
    assert cloud.optimizer.param_groups[0]["params"][0] is cloud.gaussians.means


def test_a_cloud_never_dies_out():
    cloud = make_cloud()
    control(cloud, min_opacity=0.99)
    assert len(cloud) == 6


def test_state_returns_to_another_number_of_gaussians():
    cloud = make_cloud()
    cloud.means.sum().backward()
    cloud.optimize()
    state = copy.deepcopy(cloud.state())
    other = make_cloud(3)
    other.restore(state)
    assert len(other) == 6
    assert torch.equal(other.means, cloud.means)
    for each in (cloud, other):
        (each.means**2).sum().backward()
        each.optimize()
    assert torch.equal(other.means, cloud.means)


def test_colour_and_shape_have_factors_of_their_own():
    config = TrainConfig(colour_rate=2.0, shape_rate=3.0)
    points = torch.rand(4, 3)
    cloud = Cloud.seeded(points.numpy(), points.numpy(), config, "cpu")
    rates = {g["name"]: g["lr"] for g in cloud.optimizer.param_groups}
    assert rates["sh0"] == 5e-3
    assert rates["means"] == 1.6e-4 * 3
    cloud.set_means_rate(1.6e-6)
    assert cloud.optimizer.param_groups[0]["lr"] == 1.6e-6 * 3
    assert isinstance(cloud.gaussians, Gaussians)
