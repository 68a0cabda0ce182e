"""Which learning rates grow in a short schedule, and how much."""

import pytest

from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.deformation import FaceField, MouthField
from methods.ua3dtalk.scene.optimizers import motion_optimizer

SMALL = FieldConfig(
    base_resolution=4,
    multipliers=(1,),
    plane_features=4,
    emotion_base_resolution=4,
    emotion_multipliers=(1,),
    emotion_features=4,
    hidden=8,
    latent=4,
    ensemble_size=2,
)


def ratios(field, factor):
    published, shortened = (motion_optimizer(field, each).param_groups for each in (1.0, factor))
    return {
        one["name"]: other["lr"] / one["lr"]
        for one, other in zip(published, shortened, strict=True)
    }


@pytest.mark.parametrize(
    ("kind", "scaled"),
    [(FaceField, {"nets", "fuse", "decoder"}), (MouthField, set())],
)
def test_planes_grow_by_the_power_one_and_a_half(kind, scaled):
    found = ratios(kind(SMALL), 4.0)
    assert found.pop("grids") == pytest.approx(8)
    assert {name for name, ratio in found.items() if ratio == pytest.approx(4)} == scaled
    assert all(found[name] == 1 for name in found.keys() - scaled)
