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

BLINK_LIMIT = 2.0


@dataclass(frozen=True)
class FrameFeatures:
    """Driving features of every frame of one or several sequences.

    Attributes:
        audio: float32 [T,16,29].
        priors: content, style, emotion; None where all their modules are off.
        au: float32 [T,6] in the order of `AU_NAMES`, or None.
        spans: the sequences; a frame's neighbours are those of its own sequence.

    """

    audio: np.ndarray
    priors: Priors | None
    au: np.ndarray | None
    spans: Spans

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


def au_matrix(au: ActionUnits) -> np.ndarray:
    """The six units of `AU_NAMES`, float32 [T,6]; the blink clipped to [0, 2]."""
    columns = [np.asarray(au.column(name), np.float32) for name in AU_NAMES]
    columns[-1] = np.clip(columns[-1], 0, BLINK_LIMIT)
    return np.stack(columns, -1)


def au_of(training: TrainingSet) -> np.ndarray:
    """`au_matrix` of all frames of all sequences."""
    return np.concatenate([au_matrix(sequence.signal("au")) for sequence in training])
