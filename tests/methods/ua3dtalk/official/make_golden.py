"""Make `golden.npz`: what the fields at the paper's sizes give for seeded weights and inputs.

    python -m tests.methods.ua3dtalk.official.make_golden

The weights are those of `test_parity.py`, and the positions its first ones. There the released
modules gave the same values and gradients in float64 (see "Against the released code" in
`docs/ua3dtalk.md` for the errors), so these numbers are theirs, without their code.

Per branch and stage: every offset; and of every parameter's gradient the sum, and the sum of
absolute values as the scale of that. The jitter on variances, which is ours, is 0.
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.deformation import FaceField, MouthField
from methods.ua3dtalk.field.fusion import join, precision
from methods.ua3dtalk.field.fusion.ensemble import ModalityEnsemble
from methods.ua3dtalk.official.layout import field_state
from tests.methods.ua3dtalk.official import released, seeded

FILE = Path(__file__).with_name("golden.npz")
KINDS = {"face": FaceField, "mouth": MouthField}
#: The member of every ensemble that stage 1 takes.
MEMBER = 3


def seeded_field(branch):
    """A field at the paper's sizes, in float64."""
    config, face = FieldConfig(), branch == "face"
    state = seeded.state(released.shapes(config, face=face)) | released.boxes(config, face=face)
    field = KINDS[branch](config).double()
    field.load_state_dict(field_state(field, state, FILE))
    return field


def compute(branch, jitter=0.0):
    """Name -> numbers, of both stages."""
    field, found = seeded_field(branch), {}
    with (
        patch.object(precision, "JITTER", jitter),
        patch.object(join, "JITTER", jitter),
        patch.object(ModalityEnsemble, "draw", lambda *_: slice(MEMBER, MEMBER + 1)),
    ):
        for stage in (1, 2):
            field.zero_grad(set_to_none=True)
            offsets = field(seeded.means(), seeded.conditions(), stage=stage)
            outputs = seeded.outputs(offsets)
            seeded.weighted_sum(outputs).backward()
            start = f"{branch}.{stage}"
            found |= {f"{start}.{k}": v.detach().numpy() for k, v in outputs.items()}
            gradients = [p.grad for _, p in sorted(field.named_parameters())]
            sums = [(float(g.sum()), float(g.abs().sum())) for g in gradients]
            found[f"{start}.gradients"] = np.array(sums)
    return found


def main() -> None:
    torch.set_num_threads(1)
    np.savez_compressed(FILE, **compute("face"), **compute("mouth"))


if __name__ == "__main__":
    main()
