"""Numbers that the released modules gave, guarded where their code is absent."""

import numpy as np
import pytest

from methods.ua3dtalk.field.fusion.precision import JITTER
from tests.methods.ua3dtalk.official import make_golden


@pytest.fixture(scope="module")
def golden():
    with np.load(make_golden.FILE) as stored:
        return dict(stored)


def error(found, golden):
    """Largest difference over the tensor's largest value; of a sum, over that of sizes."""
    scale = golden[:, 1:] if golden.shape[-1:] == (2,) else np.abs(golden).max()
    return float((np.abs(found - golden) / np.maximum(scale, 1e-300)).max())


@pytest.mark.parametrize("branch", make_golden.KINDS)
def test_values_and_gradients_of_the_papers_fields(branch, golden):
    found = make_golden.compute(branch)
    assert set(found) == {name for name in golden if name.startswith(branch)}
    errors = {name: error(value, golden[name]) for name, value in found.items()}
    assert {name: e for name, e in errors.items() if e > 1e-12} == {}


def test_the_jitter_on_variances_costs_less_than_float32_rounding(golden):
    found = make_golden.compute("mouth", JITTER)
    errors = [error(v, golden[k]) for k, v in found.items() if "gradients" not in k]
    assert 1e-10 < max(errors) < 1e-7
