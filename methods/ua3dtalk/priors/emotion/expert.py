"""Emotion experts: speech-emotion networks trained on many people, from which a fit starts.

They stand where the paper has a network trained on IEMOCAP. Two come with the package: one for the
synthetic domain, one for real speech; their cards are beside them in `experts/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from harness.contracts import BadInput
from methods.speech.experts.files import read_expert, write_expert
from methods.ua3dtalk.priors.config import EMOTION_EXPERTS, PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.waveform import Wav2Vec2Encoder

KIND = "emotion"

#: What of a configuration decides the shapes of the weights.
_SIZES = (
    "emotion_image",
    "emotion_conv",
    "emotion_pool",
    "emotion_mfcc_step",
    "emotion_mfcc_pool",
    "emotion_hidden",
)
#: The way from the feature to a person's expression; that is learnt for each person.
_OWN = "align."


def sizes_of(net: CoAttention, config: PriorConfig) -> dict[str, Any]:
    """What two networks must agree on to have the same weights, as plain values."""
    values = {name: getattr(config, name) for name in _SIZES}
    frozen = isinstance(net.waveform, Wav2Vec2Encoder)
    found = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
    return found | {"waveform": "wav2vec2" if frozen else "trained", "width": net.waveform.width}


def expert_for(config: PriorConfig, basis: str) -> Path | None:
    """The file from which a fit starts; None for random weights.

    Args:
        config: its `emotion_expert` is `auto`, `none`, the name of an expert that comes with the
            package, or a file.
        basis: of the expression signal: `auto` takes the synthetic domain's expert for
            `synthetic`, and that of real speech for any other.

    """
    choice = config.emotion_expert
    if choice == "none":
        return None
    if choice == "auto":
        choice = "synthetic" if basis == "synthetic" else "speech"
    return EMOTION_EXPERTS.get(choice) or Path(choice).expanduser()


def start_from(net: CoAttention, path: Path, config: PriorConfig) -> str:
    """Give a network the weights of an expert, all but the alignment with the expression.

    Returns:
        A sentence for the record.

    Raises:
        BadInput: the file is missing, damaged or no emotion expert, or made for other sizes. The
            experts of the package are left alone where the sizes are others: `paper` has its own.

    """
    expert = read_expert(path, KIND)
    own, theirs = sizes_of(net, config), expert.facts["sizes"]
    if differing := [name for name in own if theirs.get(name) != own[name]]:
        name = differing[0]
        fact = f"it was trained with {name} {theirs.get(name)}, and this fit has {own[name]}"
        if path in EMOTION_EXPERTS.values() and config.emotion_expert == "auto":
            return f"none: {fact}"
        cure = "Pretrain one with the same --preset and options, or set emotion_expert=none."
        raise BadInput(path, fact, cure)
    if stored(net).keys() != expert.tensors.keys():
        cure = "Make it again with `python -m harness pretrain emotion`."
        raise BadInput(path, "its tensors are not those of an emotion expert", cure)
    net.load_state_dict(dict(expert.tensors), strict=False)
    return str(path) if path not in EMOTION_EXPERTS.values() else path.stem


def stored(net: CoAttention) -> dict[str, Tensor]:
    """What of a network an expert's file holds."""
    state = net.trained_state().items()
    return {name: value.cpu() for name, value in state if not name.startswith(_OWN)}


def write(
    path: Path, net: CoAttention, config: PriorConfig, facts: Mapping[str, Any], card: str
) -> None:
    """Write a network as an expert, with its card."""
    write_expert(path, KIND, stored(net), {**facts, "sizes": sizes_of(net, config)}, card)
