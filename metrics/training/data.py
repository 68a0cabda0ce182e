"""Sequences of synthetic subjects as arrays that networks learn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness.contracts import BadInput, Sequence
from harness.contracts.signals import MASK_BITS
from metrics.backbones.synthetic_face import SIZE, images
from metrics.sync.crops import Box, bilinear_crop, mouth_box
from metrics.sync.score import mfcc, window_count

#: Mouth crops are kept with this much around them, for random shifts in training.
CROP, CROP_MARGIN = 48, 4


@dataclass(frozen=True)
class FaceSamples:
    """Frames of one subject with what is in them."""

    subject: str
    images: np.ndarray  # uint8 [N,128,128,3]
    landmarks: np.ndarray  # float32 [N,68,2], pixels of the image
    expression: np.ndarray  # float32 [N,24]
    regions: np.ndarray  # bool [N,5,128,128], in the order of MASK_BITS
    empty: np.ndarray  # uint8 [M,128,128,3], the scene without the head


@dataclass(frozen=True)
class SpeechSamples:
    """Mouth and sound of one subject, side by side."""

    subject: str
    mouths: np.ndarray  # uint8 [T,56,56,3]
    mfcc: np.ndarray  # float32 [13,M], 100 columns a second
    windows: int
    frames: np.ndarray  # uint8 [T,128,128,3] for held-out subjects, else [0,...]


def face_samples(sequence: Sequence, count: int) -> FaceSamples:
    """`count` frames, spread evenly over a sequence, and a few of its empty plates."""
    index = np.unique(np.linspace(0, len(sequence.frames) - 1, count).round().astype(int))
    seen, scale, corner = images(np.stack([sequence.frames[int(t)] for t in index]))
    plate = sequence.signal("plate")
    empty, _, _ = images(np.stack([plate[int(t)] for t in index[:: max(len(index) // 4, 1)]]))
    bits = np.asarray(sequence.signal("masks").bits)[index]
    rows = np.clip(((np.arange(SIZE) + 0.5) * scale + corner[1]).astype(int), 0, bits.shape[1] - 1)
    cols = np.clip(((np.arange(SIZE) + 0.5) * scale + corner[0]).astype(int), 0, bits.shape[2] - 1)
    small = bits[:, rows][:, :, cols]
    return FaceSamples(
        subject=sequence.subject,
        images=seen,
        landmarks=((sequence.signal("landmarks")[index] - corner) / scale).astype(np.float32),
        expression=sequence.signal("expression").values[index].astype(np.float32),
        regions=np.stack([(small & bit) != 0 for bit in MASK_BITS.values()], 1),
        empty=empty,
    )


def speech_samples(sequence: Sequence, keep_frames: bool) -> SpeechSamples:
    """Every mouth of a sequence, cropped around its true landmarks, and its sound."""
    landmarks = sequence.signal("landmarks")
    side = CROP + 2 * CROP_MARGIN
    mouths, frames = [], []
    for t in range(len(sequence.frames)):
        (image,), scale, corner = images(sequence.frames[t][None])
        box = mouth_box((landmarks[t] - corner) / scale)
        wide = Box(box.x, box.y, box.half * side / CROP)
        mouths.append((bilinear_crop(image, wide, side) * 255).round().astype(np.uint8))
        if keep_frames:
            frames.append(image)
    return SpeechSamples(
        subject=sequence.subject,
        mouths=np.stack(mouths),
        mfcc=mfcc(sequence.audio).astype(np.float32),
        windows=window_count(len(mouths), len(sequence.audio)),
        frames=np.stack(frames) if frames else np.zeros((0, SIZE, SIZE, 3), np.uint8),
    )


def split_people(sequences: Iterable[Sequence]) -> tuple[list[Sequence], list[Sequence]]:
    """Subjects to learn from and subjects held out: the last fifth, at least one.

    Raises:
        BadInput: fewer than two subjects.

    """
    given = list(sequences)
    subjects = list(dict.fromkeys(s.subject for s in given))
    if len(subjects) < 2:
        raise BadInput(
            "training", f"{len(given)} sequences of one subject", "Give at least two subjects."
        )
    held = set(subjects[-max(len(subjects) // 5, 1) :])
    return (
        [s for s in given if s.subject not in held],
        [s for s in given if s.subject in held],
    )
