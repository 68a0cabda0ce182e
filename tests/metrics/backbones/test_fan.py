import golden
import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from metrics.backbones import fan_points
from metrics.backbones.fan import FAN, load_fan

VALUES = golden.kept("fan")


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    path = tmp_path_factory.mktemp("fan") / "2DFAN4-11f355bf06.pth.tar"
    torch.save(golden.fan_state(FAN().state_dict()), path)
    return load_fan(path)


def places():
    return [fan_points.place_of(box) for box in golden.fan_boxes()]


def told(name, points):
    """What the fixture keeps of landmarks [68,2]."""
    kept = {k: v for k, v in VALUES.items() if k.startswith(f"{name}_")}
    assert len(kept) == 12
    ours = {f"{name}_sum_{a}": points[:, k].sum() for k, a in enumerate("xy")}
    ours |= {f"{name}_{i}_{a}": points[i, k] for i in range(5) for k, a in enumerate("xy")}
    return ours, kept


def test_it_has_the_size_and_the_names_of_the_published_network():
    state = FAN().state_dict()
    assert sum(p.numel() for p in FAN().parameters()) == 23_820_176
    assert {"conv1.weight", "m0.b1_4.bn1.weight", "m3.b2_plus_1.conv3.weight", "al2.bias"} <= set(
        state
    )
    assert {"conv2.downsample.2.weight", "top_m_3.conv1.weight", "bn_end0.running_var"} <= set(
        state
    )
    assert not {"bl3.weight", "al3.weight", "m0.b2_plus_2.bn1.weight"} & set(state)


def test_heatmaps_are_those_of_the_reference(net):
    with torch.inference_mode():
        maps = net(golden.fan_input()).numpy()
    assert maps.shape == (1, 68, 64, 64)
    assert maps.mean() == pytest.approx(VALUES["net_mean"], rel=1e-4)
    assert maps.std() == pytest.approx(VALUES["net_std"], rel=1e-4)
    for i, value in enumerate(maps[0, ::17, 11, 40]):
        assert value == pytest.approx(VALUES[f"net_{i}"], rel=1e-4, abs=1e-3)


def test_crops_are_those_of_the_reference_to_the_last_bit():
    for i, place in enumerate(places()):
        crop = fan_points.crop(golden.detector_picture(2), place)
        assert crop.dtype == np.uint8
        weights = np.arange(crop.size).reshape(crop.shape) % 251
        assert int(crop.sum()) == VALUES[f"crop_{i}_sum"]
        assert int((crop * weights).sum()) == VALUES[f"crop_{i}_check"]


def test_landmarks_of_heatmaps_are_those_of_the_reference():
    for i, points in enumerate(fan_points.landmarks(golden.heatmaps(), places())):
        ours, kept = told(f"decoded_{i}", points)
        assert ours == kept


def test_a_peak_moves_a_quarter_pixel_to_the_larger_neighbour_and_is_cut():
    maps = np.zeros((1, 68, 64, 64), np.float32)
    maps[0, :, 20, 30] = 2
    maps[0, 1, 20, 31] = 1  # right
    maps[0, 2, 19, 30] = 1  # up
    maps[0, 3, 20, 30], maps[0, 3, 0, 30], maps[0, 3, 0, 31] = 0, 2, 1  # on the edge: nothing
    place = fan_points.Place(320.0, 320.0, 3.2)  # heatmap pixels are frame pixels times ten
    found = fan_points.landmarks(maps, [place])[0]
    assert found[:4].tolist() == [[305, 205], [307, 205], [305, 202], [305, 5]]
    left = fan_points.landmarks(maps, [fan_points.Place(20.0, 320.0, 3.2)])[0, 1]
    assert left.tolist() == [7, 205]
    beyond = fan_points.landmarks(maps, [fan_points.Place(10.0, 320.0, 3.2)])[0, 1]
    assert beyond.tolist() == [-2, 205]  # -2.5, towards zero


def test_a_box_has_its_crop_above_its_centre():
    place = fan_points.place_of(np.array([10, 20, 110, 220, 0.9]))
    assert (place.x, place.y) == (60.0, 120.0 - 0.12 * 200)
    assert place.scale == pytest.approx(300 / 195)
    assert place.side == pytest.approx(200 * 300 / 195)


def test_a_crop_is_black_beyond_the_frame_and_none_beside_it():
    white = np.full((100, 100, 3), 255, np.uint8)
    crop = fan_points.crop(white, fan_points.Place(0.0, 50.0, 0.5))
    assert (crop[:, :125] == 0).all()
    assert (crop[:, 132:] == 255).all()
    for x, y in ((-60.0, 50.0), (160.0, 50.0), (50.0, -60.0), (50.0, 160.0)):
        assert fan_points.crop(white, fan_points.Place(x, y, 0.5)) is None


def test_another_network_is_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "x.pth")
    with pytest.raises(BadInput, match="does not fit FAN"):
        load_fan(tmp_path / "x.pth")
