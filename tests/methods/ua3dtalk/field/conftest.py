"""A small field, its conditions, and the published forward pass written out plainly."""

import pytest
import torch

from methods.ua3dtalk.field.conditions import Conditions
from methods.ua3dtalk.field.config import FieldConfig

SMALL = {
    "base_resolution": 8,
    "multipliers": (1, 2),
    "plane_features": 4,
    "emotion_base_resolution": 8,
    "emotion_multipliers": (1, 2),
    "emotion_features": 6,
    "hidden": 12,
    "latent": 5,
    "ensemble_size": 3,
}


@pytest.fixture
def small_config():
    return lambda **changes: FieldConfig(**{**SMALL, **changes})


@pytest.fixture
def conditions():
    generator = torch.Generator().manual_seed(7)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return Conditions(draw(8, 29, 16), draw(6).abs(), draw(64), draw(64), draw(128))


@pytest.fixture
def means():
    generator = torch.Generator().manual_seed(8)
    # Some points outside the planes' cube of half side 0.15.
    return (torch.rand(45, 3, generator=generator, dtype=torch.float64) - 0.5) * 0.36


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)
