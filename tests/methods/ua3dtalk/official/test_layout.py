"""The map of the released parameters, against a plain forward pass in their own layout."""

from pathlib import Path

import pytest
import torch

from harness.contracts import BadInput
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.deformation import FaceField, MouthField
from methods.ua3dtalk.official.layout import field_state, parts
from tests.methods.ua3dtalk.official import released, seeded

FILE = Path("chkpnt_fuse_latest.pth")
FIELDS = {"face": FaceField, "mouth": MouthField}


def stored(config, name):
    face = name == "face"
    return seeded.state(released.shapes(config, face=face)) | released.boxes(config, face=face)


@pytest.fixture(params=FIELDS)
def branch(request, small):
    return request.param, FIELDS[request.param](small).double(), stored(small, request.param)


def test_offsets_are_those_of_the_released_layout(branch, small, no_jitter):
    name, field, state = branch
    field.load_state_dict(field_state(field, state, FILE))
    means, conditions = seeded.means(), seeded.conditions()
    ours = seeded.outputs(field(means, conditions, stage=2))
    theirs = released.forward(state, small, means, conditions, face=name == "face")
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        torch.testing.assert_close(ours[key], value, rtol=1e-11, atol=1e-14)


def test_every_parameter_is_used_once(branch):
    name, field, state = branch
    used = [theirs for part in parts(field) for theirs in part.theirs]
    assert len(used) == len(set(used))
    unused = {k for k in state if k not in used and not k.endswith("aabb")}
    assert unused == (set() if name == "face" else {k for k in state if "aud_ch_att_net" in k})
    assert {part.ours for part in parts(field)} == set(field.state_dict())


def test_the_sizes_of_the_released_code_are_those_of_the_defaults():
    counts = {}
    for name in FIELDS:
        shapes = released.shapes(FieldConfig(), face=name == "face").values()
        counts[name] = sum(torch.Size(shape).numel() for shape in shapes)
        with torch.device("meta"):
            field = FIELDS[name](FieldConfig())
        gate = 0 if name == "face" else 32 * 64 + 32 * 32  # in the mouth it has no effect
        assert sum(p.numel() for p in field.parameters()) == counts[name] - gate
    assert counts == {"face": 33_925_423, "mouth": 17_173_608}


def test_planes_of_a_box_that_is_not_reversed_stay(branch):
    _, field, state = branch
    mirrored = field_state(field, state, FILE)
    for key in [k for k in state if k.endswith("aabb")]:
        state[key] = state[key].flip(0)
    straight = field_state(field, state, FILE)
    for key, value in straight.items():
        flipped = value.flip(1, 2) if "planes" in key else value
        assert torch.equal(mirrored[key], flipped)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda s: s.pop("fuse_net.fc.bias"), "fuse_net.fc.bias is absent"),
        (lambda s: s.pop("xyz_encoder.aabb"), "xyz_encoder.aabb is absent"),
        (lambda s: s.update({"new.weight": torch.ones(2)}), "1 parameters too many, .* new.weight"),
        (
            lambda s: s.update({"xyz_encoder.grids.1.2": torch.ones(1, 4, 6, 6)}),
            r"xyz_encoder.grids.1.2 has the shape \(1, 4, 6, 6\), not \(1, 4, 12, 12\)",
        ),
        (lambda s: s["xyz_decoder.1.bias"].fill_(torch.nan), "xyz_decoder.1.bias has values that"),
        (lambda s: s["xyz_encoder.aabb"].mul_(2), "xyz_encoder.aabb is .* half side 0.15"),
    ],
)
def test_what_is_not_a_released_field_is_refused(branch, change, match):
    _, field, state = branch
    change(state)
    with pytest.raises(BadInput, match=f"chkpnt_fuse_latest.pth: .*{match}.*preset `paper`"):
        field_state(field, state, FILE)
