"""Is the written ground truth the video? The composite of its parts against every frame.

Every method is scored against head, torso and plate put together; where a mask misses hair, or
the background moves, that composite is not what was filmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from splits.prepare import plates
from splits.prepare.regions import FACE, HAIR, MOUTH

#: PSNR in dB of the composite: usual where camera and background stand still, on average and in
#: the worst frame; below the last the ground truth is not the video.
USUAL_MEAN, USUAL_LEAST, REFUSED = 40.0, 35.0, 30.0

#: Share of frames below `REFUSED` that is still accepted, for a hand that passes by.
_PASSING = 0.01

#: PSNR of equal pictures.
_EQUAL = 100.0

_CURE = (
    "Look at prepared.png; try another --masks, or film before a still and plain background with "
    "a fixed camera."
)


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
    head = plates.widen(np.isin(labels, (FACE, HAIR, MOUTH)))
    made = np.where(head[..., None], truth, plates.composite(torso, background))
    error = np.mean((made.astype(np.float64) - frame) ** 2)
    return float(min(_EQUAL, 10 * np.log10(255**2 / error))) if error else _EQUAL


@dataclass(frozen=True)
class Fidelity:
    """PSNR of the composite of every frame, dB, float64 [T]."""

    values: np.ndarray

    @property
    def record(self) -> dict[str, float]:
        """For `prepare.json`, dB."""
        return {"mean": float(self.values.mean()), "min": float(self.values.min())}

    def check(self, video: Path) -> None:
        """Refuse a ground truth that is not the video.

        Raises:
            BadInput: the composite is too far off, on average or in too many frames.

        """
        far = float((self.values < REFUSED).mean())
        if self.values.mean() < REFUSED or far > _PASSING:
            raise BadInput(
                video,
                f"its masks do not hold: head, torso and background put together differ from the "
                f"frames by {self.values.mean():.1f} dB PSNR on average, and by less than "
                f"{REFUSED:g} dB in {100 * far:.0f}% of them",
                f"{_CURE} --accept-masks goes on, and prepare.json says so.",
            )


def doubt(folder: Path, record: dict[str, float]) -> str:
    """A sentence about a ground truth that is further from the video than usual; else empty."""
    if record["mean"] >= USUAL_MEAN and record["min"] >= USUAL_LEAST:
        return ""
    return (
        f"{folder}: head, torso and background put together differ from the video by "
        f"{record['mean']:.1f} dB PSNR on average and {record['min']:.1f} dB in the worst frame; "
        f"{USUAL_MEAN:g} and {USUAL_LEAST:g} are usual. A mask misses a part of the subject, such "
        f"as hair, or the background moves. {_CURE}"
    )
