"""What a card says of an emotion expert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.contracts import EMOTIONS
from methods.speech.experts.files import packed, unpacked
from methods.speech.experts.training import who
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.emotion import expert
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.pretraining.speech import LabelledSpeech
from methods.ua3dtalk.priors.emotion.pretraining.train import accuracy, confusion


def write_trained(
    out: Path,
    net: CoAttention,
    config: PriorConfig,
    learn: Sequence[LabelledSpeech],
    held: Sequence[LabelledSpeech],
    made: str,
) -> str:
    """Write a trained network and its card, whose figures are those of the stored weights.

    Args:
        out: file of the weights.
        net: trained.
        config: its sizes.
        learn: who it learnt from.
        held: who was held out.
        made: Markdown sentences on how it was made.

    Returns:
        The card, in Markdown.

    """
    as_stored(net)
    tables = {one.subject: confusion(net, one) for one in held}
    card = card_of(net, learn, held, tables, made, "windows of 3 s")
    facts = {"subjects": len({one.subject for one in learn})}
    expert.write(out, net, config, facts, card)
    return card


def as_stored(net: CoAttention) -> None:
    """Round the weights of a network to those that its file will hold."""
    net.load_state_dict(unpacked(packed(net.trained_state())), strict=False)


def card_of(
    net: CoAttention,
    learn: Sequence[LabelledSpeech],
    held: Sequence[LabelledSpeech],
    tables: Mapping[str, np.ndarray],
    made: str,
    counted: str,
) -> str:
    """The card in Markdown.

    Args:
        net: for its size.
        learn: who it learnt from.
        held: who was held out.
        tables: confusion table of each of them, int64 [8,8], true emotions in rows.
        made: sentences on how it was made.
        counted: what the tables count.

    """
    names = [one.subject for one in learn]
    minutes = sum(len(labels) / one.fps for one in learn for labels in one.labels) / 60
    right = [accuracy(table) for table in tables.values()]
    pooled = sum(tables.values(), np.zeros((len(EMOTIONS), len(EMOTIONS)), np.int64))
    shown = [k for k in range(len(EMOTIONS)) if pooled[k].any() or pooled[:, k].any()]
    size = sum(value.numel() for value in expert.stored(net).values())
    people = ", ".join(f"{name} {value:.2f}" for name, value in zip(tables, right, strict=True))
    return f"""# Emotion expert

From 3 s of speech to one of eight emotions, and to the 128 numbers that a face is given;
{size:,} parameters in eight bits.

- Trained on {who(names)}; {minutes:.1f} minutes.
- Held out: {who([one.subject for one in held])}{", in turn" if held is learn else ""}.
- {made}
- Share of {counted} that are right, mean over who is held out: **{np.mean(right):.3f}**
  (chance: {1 / max(1, int(pooled.any(1).sum())):.3f}).
- By person: {people}.

How often each emotion (rows) is taken for which (columns), in percent:

| | {" | ".join(EMOTIONS[k] for k in shown)} |
|---|{"---|" * len(shown)}
{_rows(pooled, shown)}
"""


def _rows(pooled: np.ndarray, shown: Sequence[int]) -> str:
    shares = 100 * pooled / np.maximum(pooled.sum(1, keepdims=True), 1)
    return "\n".join(
        f"| {EMOTIONS[k]} | " + " | ".join(f"{shares[k, j]:.0f}" for j in shown) + " |"
        for k in shown
        if pooled[k].any()
    )
