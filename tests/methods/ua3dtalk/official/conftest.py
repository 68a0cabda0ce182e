import pytest

from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.fusion import join, precision

SMALL = {
    "base_resolution": 6,
    "multipliers": (1, 2),
    "plane_features": 4,
    "emotion_base_resolution": 5,
    "emotion_multipliers": (1, 2),
    "emotion_features": 6,
    "hidden": 12,
    "latent": 5,
    "ensemble_size": 3,
}


@pytest.fixture
def small():
    return FieldConfig(**SMALL)


@pytest.fixture
def no_jitter(monkeypatch):
    """The released code adds nothing to its variances."""
    monkeypatch.setattr(precision, "JITTER", 0.0)
    monkeypatch.setattr(join, "JITTER", 0.0)
