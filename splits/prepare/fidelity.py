"""Is the written ground truth the video? The composite of its parts against every frame.

Every method is scored against head, torso and plate put together; where a mask misses hair, or
the background moves, that composite is not what was filmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput
from splits.prepare import plates
from splits.prepare.spans import counted

#: PSNR in dB of the composite: usual where camera and background stand still, on average and in
#: the worst frame; below the last the ground truth is not the video.
USUAL_MEAN, USUAL_LEAST, REFUSED = 40.0, 35.0, 30.0

#: Share of frames below `REFUSED` that is still accepted, for a hand that passes by.
_PASSING = 0.01

#: PSNR of equal pictures.
_EQUAL = 100.0

_CURE = "Try another --masks, or film before a still background with a fixed camera."


def composite_psnr(
    frame: np.ndarray,
    truth: np.ndarray,
    torso: np.ndarray,
    labels: np.ndarray,
    background: np.ndarray,
) -> float:
    """PSNR in dB of the parts put together against the frame of the video; 100 if equal.

    Args:
        frame: uint8 RGB [H,W,3], as filmed.
        truth: uint8 RGB [H,W,3], of which the head is taken.
        torso: uint8 RGBA [H,W,4].
        labels: of `label_regions`, uint8 [H,W].
        background: uint8 RGB [H,W,3].

    """
    made = plates.put_together(truth, torso, labels, background)
    error = np.mean((made.astype(np.float64) - frame) ** 2)
    return float(min(_EQUAL, 10 * np.log10(255**2 / error))) if error else _EQUAL


@dataclass(frozen=True)
class Fidelity:
    """PSNR of the composite of every frame, dB, float64 [T], at `fps` frames per second."""

    values: np.ndarray
    fps: float = 25.0

    @property
    def record(self) -> dict[str, Any]:
        """For `prepare.json`: dB, the worst frame, and which frames are below `USUAL_LEAST`."""
        low = np.flatnonzero(self.values < USUAL_LEAST).tolist()
        return {
            "mean": float(self.values.mean()),
            "min": float(self.values.min()),
            "worst": int(self.values.argmin()),
            "low": counted(low, len(self.values), self.fps) if low else "",
        }

    def check(self, video: Path) -> None:
        """Refuse a ground truth that is not the video.

        Raises:
            BadInput: the composite is too far off, on average or in too many frames.

        """
        far = np.flatnonzero(self.values < REFUSED)
        if self.values.mean() < REFUSED or len(far) > _PASSING * len(self.values):
            raise BadInput(
                video,
                f"its masks do not hold: head, torso and background put together differ from the "
                f"frames by {self.values.mean():.1f} dB PSNR on average, and by less than "
                f"{REFUSED:g} dB in {counted(far, len(self.values), self.fps)}. A mask misses a "
                "part of the subject, such as hair, or the background or the camera moves",
                f"{_CURE} --accept-masks goes on, prepare.json says so, and prepared.png shows it.",
            )


def doubt(folder: Path, record: dict[str, Any]) -> str:
    """A sentence about a ground truth that is further from the video than usual; else empty."""
    if record["mean"] >= USUAL_MEAN and record["min"] >= USUAL_LEAST:
        return ""
    below = f" Below {USUAL_LEAST:g} dB are {record['low']}." if record["low"] else ""
    return (
        f"{folder}: head, torso and background put together differ from the video by "
        f"{record['mean']:.1f} dB PSNR on average and {record['min']:.1f} dB in the worst frame "
        f"({record['worst']}); {USUAL_MEAN:g} and {USUAL_LEAST:g} are usual.{below} A mask misses "
        "a part of the subject, such as hair, or the background or the camera moves. Look at "
        f"prepared.png. {_CURE}"
    )
