"""Blinks per second and their mean duration, of prediction and truth."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.contracts import Column, Failure, MetricResult, MetricSpec
from metrics.blinks import Blinks, eye_aspect_ratio, find_blinks
from metrics.faces import Faces
from metrics.unit_pairs import OPENFACE_TRAPS, UnitPairs, needs

#: Frames that a blink takes at least: one frame alone is as often noise.
MIN_FRAMES = 2


def _columns(variant: str) -> tuple[Column, ...]:
    columns = []
    for name, unit, what in (("rate", "1/s", "blinks per second"), ("duration", "s", "mean blink")):
        stem = f"blink_{name}"
        columns += [
            Column(f"{stem}/{variant}", "none", unit, (0.0, None), f"{what} of the prediction"),
            Column(f"{stem}_truth/{variant}", "none", unit, (0.0, None), f"{what} of the truth"),
            Column(
                f"{stem}_error/{variant}",
                "down",
                unit,
                (0.0, None),
                f"{what}: distance from the truth's",
            ),
        ]
    return tuple(columns)


def _spec(
    variant: str,
    extractor: str,
    title: str,
    signal: str,
    threshold: float,
    traps: tuple[str, ...] = (),
) -> MetricSpec:
    required = needs(extractor)
    required["code"] += ("metrics.blinks",)
    if signal == "EAR":
        required["code"] += ("harness.media.landmarks68",)
    sign = "<" if signal == "EAR" else ">="
    return MetricSpec(
        id=f"blink/{variant}",
        title=f"Blinks ({title})",
        entry="metrics.blink:Blink",
        columns=_columns(variant),
        reference="no standard; eye aspect ratio: Soukupova and Cech 2016"
        if signal == "EAR"
        else "no standard; AU45 of FACS",
        formula=f"a blink is a run of at least {MIN_FRAMES} frames with {signal} {sign} "
        f"{threshold:g}; rate = blinks / seconds seen; duration = mean of frames / fps; error = "
        "|prediction's - truth's|",
        traps=(
            "threshold and minimum are a choice; another one gives another rate",
            f"a blink of fewer than {MIN_FRAMES} frames is not counted, so low frame rates "
            "lose blinks",
            "blinks cut by an end of the clip or by frames without a face count in the rate and "
            "not in the duration",
            "seconds seen are those of frames that have a face on both sides",
            *traps,
        ),
        options={"extractor": extractor, "signal": signal, "threshold": threshold},
        **required,
    )


SPECS = (
    _spec("synthetic", "synthetic", "AU45 of the synthetic regressor", "AU45", 2.5),
    _spec(
        "mp478",
        "mp",
        "eye aspect ratio of MediaPipe's points",
        "EAR",
        0.2,
        (
            "the ratio of an open eye differs between people and falls when they look down, so "
            "one threshold does not suit everyone",
        ),
    ),
    _spec("openface", "openface", "AU45 of OpenFace 2.2", "AU45", 1.0, OPENFACE_TRAPS),
)


class Blink(UnitPairs):
    """Counts runs of shut lids: EAR below, or AU45 at or above, the spec's threshold."""

    required: ClassVar[tuple[str, ...]] = ("AU45",)

    def pick(self, found: Faces) -> np.ndarray:
        """Eye aspect ratio [B,1], or action units [B,A]."""
        if self.spec.options["signal"] == "EAR":
            return eye_aspect_ratio(found.landmarks)[:, None]
        return super().pick(found)

    def shut(self, features: np.ndarray) -> np.ndarray:
        """Where the lids are shut, bool [n], of what `pick` gave."""
        threshold = self.spec.options["threshold"]
        if self.spec.options["signal"] == "EAR":
            return features[:, 0] < threshold
        return features[:, self.names.index("AU45")] >= threshold

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Score the lids of frames [n]."""
        seconds = len(frames) / self._clip.fps
        options = self.spec.options
        sides = {
            side: find_blinks(self.shut(features), frames, MIN_FRAMES)
            for side, features in (("prediction", prediction), ("truth", truth))
        }
        measured = [
            [blinks.count / seconds for blinks in sides.values()],
            [self._duration(blinks) for blinks in sides.values()],
        ]
        values: dict[str, float | None] = {}
        names = iter(column.name for column in self.spec.columns)
        for own, true in measured:
            error = None if own is None or true is None else abs(own - true)
            values |= {next(names): own, next(names): true, next(names): error}
        failures = [
            Failure("no_blinks", f"no blink of the {side} is wholly seen, so it has no duration")
            for side, blinks in sides.items()
            if not blinks.durations
        ]
        details = {
            "signal": options["signal"],
            "threshold": options["threshold"],
            "min_frames": MIN_FRAMES,
            "min_seconds": MIN_FRAMES / self._clip.fps,
            "seconds_seen": seconds,
        }
        for side, blinks in sides.items():
            details[side] = {
                "blinks": blinks.count,
                "durations_frames": list(blinks.durations),
                "cut": blinks.cut,
                "runs_too_short": blinks.short,
            }
        return MetricResult(values, len(frames), failures=failures, details=details)

    def _duration(self, blinks: Blinks) -> float | None:
        """Mean duration in seconds; None without a blink that was wholly seen."""
        return float(np.mean(blinks.durations)) / self._clip.fps if blinks.durations else None
