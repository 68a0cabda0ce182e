"""Our fields against the released modules themselves, in a checkout that you provide.

    HARNESS_UA3DTALK_OFFICIAL_ROOT=/path/to/UA-3DTalk python -m pytest \
        tests/methods/ua3dtalk/official -s

On a CPU with torch alone; `-s` shows the measured errors.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.deformation import FaceField, MouthField
from methods.ua3dtalk.official.layout import field_state, parts
from methods.ua3dtalk.scene.optimizers import ADAMW_WEIGHT_DECAY, motion_optimizer
from tests.conftest import RELEASED
from tests.methods.ua3dtalk.official import released, seeded

pytestmark = [
    pytest.mark.official,
    pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated"),
]

#: Largest difference of a tensor over its largest value.
TOLERANCE = 1e-12
COUNT = 200
#: Name -> our field, their class, their module in which stage 1 draws members.
BRANCHES = {
    "face": (FaceField, "MotionNetwork", "fusion_net"),
    "mouth": (MouthField, "MouthMotionNetwork", "fusion_net_mouth"),
}


@pytest.fixture(scope="module")
def modules():
    """The modules of the fields alone: the package's own `__init__` wants CUDA extensions."""
    before = {name for name in sys.modules if name.partition(".")[0] == "scene"}
    assert not before
    package = ModuleType("scene")
    package.__path__ = [str(Path(os.environ[RELEASED]) / "scene")]
    sys.modules["scene"] = package
    names = ("deformation", "fusion_net", "fusion_net_mouth")
    yield {name: importlib.import_module(f"scene.{name}") for name in names}
    for name in [name for name in sys.modules if name.partition(".")[0] == "scene"]:
        del sys.modules[name]


@pytest.fixture(scope="module", params=BRANCHES)
def pair(request, modules):
    """Name, our field and theirs with the same weights, in float64."""
    kind, theirs, fusion = BRANCHES[request.param]
    config, face = FieldConfig(), request.param == "face"
    their = getattr(modules["deformation"], theirs)().double()
    state = seeded.state(released.shapes(config, face=face)) | released.boxes(config, face=face)
    their.load_state_dict(state)
    our = kind(config).double()
    our.load_state_dict(field_state(our, their.state_dict(), Path("parity")))
    return request.param, our, their, modules[fusion]


def error(ours, theirs):
    """Largest difference of two sets of tensors, each over its own largest value."""
    assert ours.keys() == theirs.keys()
    with torch.no_grad():
        return max(
            float((ours[k] - theirs[k]).abs().max() / theirs[k].abs().max().clamp_min(1e-300))
            for k in theirs
        )


def evaluate(their, name, stage):
    """Outputs of the released module by our names."""
    means, given = seeded.means(COUNT), seeded.conditions()
    content, style = given.content[None], given.style[None]
    if name == "mouth":
        return {"means": their(means, given.audio, content, style, stage)["d_xyz"]}
    found = their(means, given.audio, given.au, content, style, given.emotion[None], stage)
    names = {"means": "d_xyz", "quats": "d_rot", "scales": "d_scale"}
    attention = {"attention.audio": "ambient_aud", "attention.au": "ambient_eye"}
    return {ours: found[key] for ours, key in names.items()} | {
        ours: found[key][:, 0] for ours, key in attention.items()
    }


@pytest.mark.parametrize("stage", [1, 2])
def test_values_and_gradients(pair, stage, no_jitter, monkeypatch):
    name, our, their, fusion = pair
    views = 4 if name == "face" else 3
    draws = torch.Generator().manual_seed(5)
    drawn = iter([int(torch.randint(10, (), generator=draws)) for _ in range(views)])
    monkeypatch.setattr(fusion, "random", SimpleNamespace(randint=lambda low, high: next(drawn)))

    generator = torch.Generator().manual_seed(5)
    offsets = our(seeded.means(COUNT), seeded.conditions(), stage=stage, generator=generator)
    ours, theirs = seeded.outputs(offsets), evaluate(their, name, stage)
    assert (next(drawn, None) is None) == (stage == 1)
    values = error(ours, theirs)

    for network, found in ((our, ours), (their, theirs)):
        network.zero_grad(set_to_none=True)
        seeded.weighted_sum(found).backward()
    gradients = {
        k: torch.zeros_like(p) if p.grad is None else p.grad for k, p in their.named_parameters()
    }
    boxes = {k: v for k, v in their.state_dict().items() if k.endswith("aabb")}
    mapped = field_state(our, gradients | boxes, Path("parity"))
    slopes = error({k: p.grad for k, p in our.named_parameters()}, mapped)
    print(f"\n{name}, stage {stage}: values {values:.1e}, gradients {slopes:.1e}")
    assert values <= TOLERANCE
    assert slopes <= TOLERANCE


def rates(optimizer_groups, decay):
    """Learning rate and weight decay of each parameter, by identity."""
    return {
        id(p): (group["lr"], group.get("weight_decay", decay))
        for group in optimizer_groups
        for p in group["params"]
    }


def test_learning_rates_and_weight_decays(pair):
    name, our, their, _ = pair
    groups = [{**g, "params": list(g["params"])} for g in their.get_params(5e-3, 5e-4)]
    theirs = rates(groups, ADAMW_WEIGHT_DECAY)
    by_name = {k: theirs[id(p)] for k, p in their.named_parameters() if id(p) in theirs}
    ours = rates(motion_optimizer(our, 1.0).param_groups, None)
    parameters = dict(our.named_parameters())
    assert set(ours) == {id(p) for p in parameters.values()}
    for part in parts(our):
        assert {by_name[each] for each in part.theirs} == {ours[id(parameters[part.ours])]}, part
    left = set(by_name) - {each for part in parts(our) for each in part.theirs}
    # The box that the planes cover is among the parameters, but takes no gradient.
    assert {k for k in left if not k.endswith("aabb")} == (
        set() if name == "face" else {f"aud_ch_att_net.net.{k}.weight" for k in (0, 1)}
    )
