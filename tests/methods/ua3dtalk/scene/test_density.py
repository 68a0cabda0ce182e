import copy

import pytest
import torch

from methods.gaussians.model import raw_scales
from methods.ua3dtalk.config import TrainConfig
from methods.ua3dtalk.scene.cloud import Cloud
from methods.ua3dtalk.scene.density import is_green, soften_green, view_colours

EXTENT = 2.0
GREEN = torch.tensor([-0.5, 0.5, -0.5]) / 0.28209479  # coefficients of the screen's colour


def make_cloud(count=6):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(count, 3, generator=generator) * 0.1
    colours = torch.full((count, 3), 0.5)
    return Cloud.seeded(points.numpy(), colours.numpy(), TrainConfig(), EXTENT, "cpu")


def control(cloud, most=100, min_opacity=0.05, prune_large=False):
    cloud.density.control(
        cloud.gaussians,
        cloud.optimizer,
        threshold=1.0,
        min_opacity=min_opacity,
        extent=EXTENT,
        prune_large=prune_large,
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


def test_faint_ones_go():
    cloud = make_cloud()
    with torch.no_grad():
        cloud.gaussians.opacities[0] = -5.0
    control(cloud)
    assert len(cloud) == 5
    assert cloud.optimizer.param_groups[0]["params"][0] is cloud.gaussians.means


def test_large_ones_go_where_that_is_due():
    # Wider than a tenth of the extent of 2.
    for prune, left in ((False, 6), (True, 5)):
        cloud = make_cloud()
        set_scale(cloud, 0.19)
        with torch.no_grad():
            cloud.gaussians.scales[1, 2] = raw_scales(torch.tensor(0.21))
        control(cloud, prune_large=prune)
        assert len(cloud) == left


def test_colours_are_those_that_the_camera_sees():
    cloud = make_cloud()
    with torch.no_grad():
        cloud.gaussians.sh0[:, 0] = GREEN
        # Seen along +z the first harmonic of the red channel adds 0.4886 times this.
        cloud.gaussians.shN[1, 1, 0] = 1.0
        cloud.gaussians.means[:] = torch.tensor([0.0, 0.0, 1.0])
    front = view_colours(cloud.gaussians, torch.zeros(3), 2)
    assert is_green(front, 20 / 255).tolist() == [True, False, True, True, True, True]
    assert float(front[1, 0]) == pytest.approx(0.48860252)
    assert is_green(view_colours(cloud.gaussians, torch.zeros(3), 0), 20 / 255).all()


def test_green_is_what_lies_within_a_distance_of_the_screen_or_beyond_it():
    near, far = [0.10, 0.90, 0.05], [0.0, 0.85, 0.0]
    colours = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.3, 0.0], near, far, [0.5, 0.5, 0.5]])
    assert is_green(colours, 30 / 255).tolist() == [True, True, True, False, False]
    assert is_green(colours, 20 / 255).tolist() == [True, True, False, False, False]


def test_the_face_removes_green_ones_and_keeps_the_sums_of_the_others():
    cloud = make_cloud()
    with torch.no_grad():
        cloud.gaussians.sh0[:2, 0] = GREEN
    cloud.density.pull[:] = torch.arange(6.0)
    colours = view_colours(cloud.gaussians, torch.zeros(3), 0)
    cloud.density.remove_green(cloud.gaussians, cloud.optimizer, colours)
    assert len(cloud) == 4
    assert cloud.density.pull.tolist() == [2, 3, 4, 5]


def test_the_mouth_makes_green_ones_faint_and_ten_times_smaller():
    cloud = make_cloud()
    set_scale(cloud, 0.05)
    with torch.no_grad():
        cloud.gaussians.opacities[:] = 2.0
        cloud.gaussians.sh0[0, 0] = GREEN
    soften_green(cloud.gaussians, view_colours(cloud.gaussians, torch.zeros(3), 0))
    torch.testing.assert_close(cloud.gaussians.alphas()[:2], torch.tensor([0.1, 0.880797]))
    sizes = cloud.gaussians.standard_deviations()
    torch.testing.assert_close(sizes[:2, 0], torch.tensor([0.005, 0.05]))


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


def test_positions_learn_as_fast_as_the_scene_is_wide():
    cloud = make_cloud()
    rates = {g["name"]: g["lr"] for g in cloud.optimizer.param_groups}
    assert rates["means"] == 1.6e-4 * EXTENT
    assert rates["sh0"] == 2.5e-3
    cloud.set_means_rate(1.6e-6)
    assert cloud.optimizer.param_groups[0]["lr"] == pytest.approx(1.6e-6 * EXTENT)


def test_a_frozen_shape_keeps_all_but_its_colours():
    cloud = make_cloud()
    before = copy.deepcopy(cloud.tensors())
    cloud.freeze_shape()
    sum(p.sum() for p in cloud.gaussians.parameters()).backward()
    cloud.optimize()
    moved = {
        name for name, value in cloud.tensors().items() if not torch.equal(value, before[name])
    }
    assert moved == {"sh0", "shN"}


def test_a_state_from_another_device_goes_on_at_that_of_the_gaussians():
    state = make_cloud().density.state()
    density = make_cloud().density
    density.pull = density.pull.to("meta")
    density.restore(state)
    assert density.pull.device.type == density.seen.device.type == "meta"
