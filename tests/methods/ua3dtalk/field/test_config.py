import dataclasses

import pytest

from harness.contracts import BadInput
from methods.ua3dtalk.field.config import FieldConfig


def test_without_uncertainty_views_are_concatenated():
    assert FieldConfig(use_uncertainty=False).joined_by == "concat"
    assert FieldConfig(use_uncertainty=False).members == 1
    assert FieldConfig().joined_by == "full"
    assert FieldConfig(fusion="mean").members == 10


def test_lists_from_a_file_become_tuples():
    assert FieldConfig(multipliers=[1, 2]) == FieldConfig(multipliers=(1, 2))
    hash(FieldConfig(multipliers=[1, 2]))


@pytest.mark.parametrize(
    "wrong", [{"fusion": "sum"}, {"hidden": 0}, {"multipliers": ()}, {"bound": -1.0}]
)
def test_refuses(wrong):
    with pytest.raises(BadInput, match=next(iter(wrong))):
        FieldConfig(**wrong)


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FieldConfig().hidden = 3
