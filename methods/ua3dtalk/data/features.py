"""What the fields are conditioned on at every frame: audio windows, priors, action units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.contracts import ActionUnits, Priors, TrainingSet
from methods.speech.windows import frame_window
from methods.ua3dtalk.field.conditions import AU_NAMES, Conditions
from methods.ua3dtalk.spans import Spans

#: To which AU45 is clipped, and the percentile of a subject's that is brought within it.
BLINK_LIMIT, BLINK_PERCENTILE = 2.0, 99


@dataclass(frozen=True)
class FrameFeatures:
    """Driving features of every frame of one or several sequences.

    Attributes:
        audio: float32 [T,16,29].
        priors: content, style, emotion; None where all their modules are off.
        au: float32 [T,6] in the order of `AU_NAMES`, or None.
        spans: the sequences; a frame's neighbours are those of its own sequence.
        blink_scale: what AU45 was multiplied by.

    """

    audio: np.ndarray
    priors: Priors | None
    au: np.ndarray | None
    spans: Spans
    blink_scale: float = 1.0

    def conditions(self, t: int, device: str) -> Conditions:
        """Conditions of frame t."""

        def tensor(values: np.ndarray | None) -> Tensor | None:
            return None if values is None else torch.from_numpy(values).to(device)

        priors, (_, span) = self.priors, self.spans.locate(t)
        window = frame_window(self.audio[span.start : span.stop], t - span.start)
        return Conditions(
            audio=torch.from_numpy(window).to(device),
            au=tensor(None if self.au is None else self.au[t]),
            content=tensor(None if priors is None else priors.content[t]),
            style=tensor(None if priors is None else priors.style[t]),
            emotion=tensor(None if priors is None else priors.emotion[t]),
        )


def au_matrix(au: ActionUnits, blink_scale: float = 1.0) -> np.ndarray:
    """The six units of `AU_NAMES`, float32 [T,6]; the blink scaled, then clipped to [0, 2]."""
    columns = [np.asarray(au.column(name), np.float32) for name in AU_NAMES]
    columns[-1] = np.clip(columns[-1] * np.float32(blink_scale), 0, BLINK_LIMIT)
    return np.stack(columns, -1)


def au_of(training: TrainingSet, blink_scale: float = 1.0) -> np.ndarray:
    """`au_matrix` of all frames of all sequences."""
    parts = [au_matrix(sequence.signal("au"), blink_scale) for sequence in training]
    return np.concatenate(parts)


def blink_scale_of(training: TrainingSet) -> float:
    """What AU45 is multiplied by, at most 1, so that no more than 1% of the frames are clipped.

    The released code clips at 2, beyond which OpenFace's intensities rarely go. Where a blink
    reaches 5, that would take half-closed eyes for closed ones, and lids would never close.
    """
    closed = np.concatenate([sequence.signal("au").column("AU45") for sequence in training])
    return BLINK_LIMIT / max(BLINK_LIMIT, float(np.percentile(closed, BLINK_PERCENTILE)))
