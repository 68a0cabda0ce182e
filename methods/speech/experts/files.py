"""Files of experts: weights in eight bits, and in the file's metadata what they are good for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from harness.contracts import BadInput
from harness.files.tensors import tensors_by_name
from harness.files.writing import replacing

SUFFIX = ".safetensors"

#: The scales of a tensor's rows stand under its name with this at the end.
_SCALE = ".scale"
_KIND, _FACTS = "expert", "facts"
_CURE = "Make one with `python -m harness pretrain`."


@dataclass(frozen=True)
class ExpertWeights:
    """What a file holds.

    Attributes:
        tensors: float32, by name.
        facts: plain values: basis, sizes, who it was trained on.

    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices as int8 with one float32 scale for each row, all else as float16.

    Half of what float16 takes, for an error of a 250th of a row's largest weight at most.
    """
    found = {}
    for name, value in tensors.items():
        if value.dim() < 2:
            found[name] = value.half().contiguous()
            continue
        scale = (value.flatten(1).abs().amax(1) / 127).clamp_min(1e-12).float()
        by_row = scale.view(-1, *[1] * (value.dim() - 1))
        found[name] = (value / by_row).round().clamp(-127, 127).to(torch.int8).contiguous()
        found[name + _SCALE] = scale
    return found


def unpacked(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `packed` was given, as float32."""
    found = {}
    for name, value in stored.items():
        if name.endswith(_SCALE):
            continue
        found[name] = value.float()
        if name + _SCALE in stored:
            found[name] *= stored[name + _SCALE].view(-1, *[1] * (value.dim() - 1))
    return found


def write_expert(
    path: Path, kind: str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any], card: str
) -> None:
    """Write weights and the card beside them, `.md`, each whole or not at all.

    Args:
        path: of the weights, `.safetensors`.
        kind: `lip` or `emotion`.
        tensors: float32, by name.
        facts: plain values that a reader compares with what is needed.
        card: Markdown.

    """
    meta = {_KIND: kind, _FACTS: json.dumps(dict(facts), sort_keys=True)}
    for place, content in (
        (path.with_suffix(".md"), card.encode()),
        (path, save(packed(tensors), meta)),
    ):
        with replacing(place) as partial:
            partial.write_bytes(content)


def read_expert(path: Path, kind: str) -> ExpertWeights:
    """What `write_expert` wrote.

    Raises:
        BadInput: missing, damaged, or no expert of that kind.

    """
    if path.suffix != SUFFIX:
        raise BadInput(path, f"it is no {SUFFIX} file", _CURE)
    stored = tensors_by_name(path, _CURE)
    with safe_open(path, "pt") as file:
        meta = file.metadata() or {}
    if meta.get(_KIND) != kind:
        fact = f"it holds {meta.get(_KIND, 'weights of another network')}"
        article = "an" if kind == "emotion" else "a"
        raise BadInput(path, f"{fact}, not {article} {kind} expert", _CURE)
    return ExpertWeights(unpacked(stored), json.loads(meta[_FACTS]))
