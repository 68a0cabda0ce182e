import numpy as np
import pytest

from splits.synthetic.controls import CONTROLS
from splits.synthetic.head import HeadModel, Identity, Scene


@pytest.fixture(scope="session")
def controls():
    """Builds a control vector from names: controls(AU12=5, jaw=10)."""

    def build(**values: float) -> np.ndarray:
        out = np.zeros(len(CONTROLS), np.float32)
        for name, value in values.items():
            out[CONTROLS.index(name)] = value
        return out

    return build


@pytest.fixture(scope="session")
def average():
    return HeadModel(Identity.average())


@pytest.fixture(scope="session")
def heads():
    return [HeadModel(i) for i in (1, 3, 5)]


@pytest.fixture(scope="session")
def scene(average):
    return Scene(average, 128, 128)
