"""What of the face the training looks at: the lips' place, and how open mouth and eyes are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.contracts import MASK_BITS, BadInput, Sequence, TrainingSet
from methods.ua3dtalk.data.features import BLINK_LIMIT, blink_scale_of

NAME = "ua3dtalk"
#: iBUG's 68 landmarks: the outer lips, and the inner ones.
OUTER_LIPS, INNER_LIPS = slice(48, 60), slice(60, 68)
#: A mouth of fewer pixels counts as closed: 20 of a frame of 256 x 256, as released.
OPEN_SHARE = 20 / 256**2
#: Percentiles of AU25: above the second it is clipped; the first is where its window ends.
PART_LOW, PART_HIGH = 25, 95


@dataclass(frozen=True)
class FaceSignals:
    """Signals of every frame of a training set, as the released `dataset_readers.py` has them.

    Attributes:
        rectangles: int64 [T,4]: first row, end row, first column, end column of the square around
            the outer lips, inside the frame.
        gap: float64 [T] in [0, 1]: height of the inner lips, over its range.
        parted: float64 [T], at most 1: AU25 clipped at its 95th percentile (1), over the range
            down to its 25th (0). The height of the inner lips where AU25 is not measured.
        blink: float64 [T] in [0, 1]: AU45 over 2, scaled and clipped as the field's; None where it
            is not measured.
        open: bool [T]: whether the inside of the mouth shows.

    """

    rectangles: np.ndarray
    gap: np.ndarray
    parted: np.ndarray
    blink: np.ndarray | None
    open: np.ndarray

    def lips(self, t: int) -> tuple[slice, slice]:
        """Rows and columns of the square around the lips at frame t."""
        top, bottom, left, right = (int(each) for each in self.rectangles[t])
        return slice(top, bottom), slice(left, right)

    @classmethod
    def of(cls, training: TrainingSet, bits: np.ndarray) -> FaceSignals:
        """Signals of all sequences, one after the other.

        Args:
            training: with the signal `landmarks`; `au` is used where all sequences have it.
            bits: uint8 [T,H,W], masks of all frames.

        Raises:
            MissingSignal: a sequence has no landmarks.
            BadInput: no frame of a sequence has landmarks, or none shows the inside of the mouth.

        """
        points = np.concatenate([_landmarks(each) for each in training])
        pixels = ((bits & MASK_BITS["mouth"]) != 0).sum((1, 2))
        shows = pixels >= max(1.0, OPEN_SHARE * bits[0].size)
        if not shows.any():
            fact = "no frame shows the inside of the mouth"
            raise BadInput(training.id, fact, "Prepare the masks again.")
        gap = np.ptp(points[:, INNER_LIPS, 1], axis=1)
        units = [each.signal("au") for each in training if each.has("au")]
        complete = len(units) == len(training)

        def unit(name: str) -> np.ndarray | None:
            if not complete or not all(name in each.names for each in units):
                return None
            return np.concatenate([each.column(name) for each in units]).astype(np.float64)

        apart, closed = unit("AU25"), unit("AU45")
        return cls(
            rectangles=_squares(points[:, OUTER_LIPS], *bits.shape[1:]),
            gap=_over(gap, gap.min(), gap.max()),
            parted=_parted(gap if apart is None or np.ptp(apart) == 0 else apart),
            blink=None if closed is None else _blink(closed * blink_scale_of(training)),
            open=shows,
        )


def _landmarks(sequence: Sequence) -> np.ndarray:
    """Landmarks [T,68,2] of a sequence; a frame without a face takes those of the nearest one."""
    points = np.asarray(sequence.signal("landmarks", NAME), np.float64)
    known = np.flatnonzero(np.isfinite(points).all((1, 2)))
    if not len(known):
        fact = "no frame has landmarks of the face"
        raise BadInput(sequence.id, fact, "Prepare the video again.")
    order = np.interp(np.arange(len(points)), known, np.arange(len(known)))
    return points[known[np.rint(order).astype(int)]]


def _squares(lips: np.ndarray, height: int, width: int) -> np.ndarray:
    """Squares [T,4] around points [T,n,2], as long as the box's longer side, inside the frame."""
    low, high = lips.min(1).astype(int), lips.max(1).astype(int)
    centre, half = (low + high) // 2, (high - low).max(1, keepdims=True) // 2
    first, end = centre - half, centre + half
    limit = np.array([width, height])
    # Of a mouth outside the frame one pixel is left: an empty rectangle has no mean.
    first = np.clip(first, 0, limit - 1)
    end = np.clip(end, first + 1, limit)
    return np.stack([first[:, 1], end[:, 1], first[:, 0], end[:, 0]], 1)


def _blink(closed: np.ndarray) -> np.ndarray:
    return np.clip(closed, 0, BLINK_LIMIT) / BLINK_LIMIT


def _parted(values: np.ndarray) -> np.ndarray:
    clipped = np.clip(values, None, np.percentile(values, PART_HIGH))
    return _over(clipped, float(np.percentile(clipped, PART_LOW)), float(clipped.max()))


def _over(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values with `low` mapped to 0 and `high` to 1; all 1 where the two are the same."""
    if high <= low:
        return np.ones(len(values))
    return (values - low) / (high - low)
