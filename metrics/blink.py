"""Blinks per second and their mean duration, of prediction and truth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import numpy as np

from harness.contracts import NOT_APPLICABLE, PER_SEQUENCE, Failure, MetricResult, MetricSpec
from harness.media.landmarks68 import IBUG68_VERTICES
from metrics.common.faces import Faces
from metrics.common.second_difference import three_columns
from metrics.common.unit_pairs import OPENFACE_TRAPS, UnitPairs, needs

#: Frames that a blink takes at least: one frame alone is as often noise.
MIN_FRAMES = 2
#: Six points of an eye in iBUG order: corner, two of the upper lid, corner, two of the lower lid.
EYES = (tuple(range(36, 42)), tuple(range(42, 48)))


def _spec(
    variant: str,
    extractor: str,
    title: str,
    signal: str,
    threshold: float,
    traps: tuple[str, ...] = (),
) -> MetricSpec:
    sign = "<" if signal == "EAR" else ">="
    return MetricSpec(
        id=f"blink/{variant}",
        title=f"Blinks ({title})",
        entry="metrics.blink:Blink",
        columns=(
            *three_columns("blink_rate", variant, "1/s", "blinks per second", PER_SEQUENCE),
            *three_columns("blink_duration", variant, "s", "mean blink", PER_SEQUENCE),
        ),
        reference="no standard; eye aspect ratio: Soukupova and Cech 2016"
        if signal == "EAR"
        else "no standard; AU45 of FACS",
        formula=f"a blink is a run of at least {MIN_FRAMES} frames with {signal} {sign} "
        f"{threshold:g}; rate = blinks / seconds seen; duration = mean of frames / fps; error = "
        "|prediction's - truth's|",
        traps=(
            "The threshold and the minimum length are choices; others give other rates.",
            f"Blinks shorter than {MIN_FRAMES} frames are not counted: low frame rates miss some.",
            "Blinks cut off by the start or end of the sequence or by frames without a face count "
            "towards the rate but not the duration.",
            "`seconds seen` counts only frames with a face in both prediction and ground truth.",
            *traps,
        ),
        options={"extractor": extractor, "signal": signal, "threshold": threshold},
        **needs(extractor),
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
            "The aspect ratio of an open eye differs between subjects and drops when they look "
            "down, so no single threshold suits everyone.",
        ),
    ),
    _spec("openface", "openface", "AU45 of OpenFace 2.2", "AU45", 1.0, OPENFACE_TRAPS),
)


def eye_aspect_ratio(landmarks: np.ndarray) -> np.ndarray:
    """(|p2-p6| + |p3-p5|) / (2 |p1-p4|), mean of both eyes (Soukupova and Cech 2016).

    Of landmarks float [T,68,2] in iBUG order or [T,478,2] of MediaPipe, in pixels: float64 [T],
    about 0.3 for an open eye; NaN where the face is not found.
    """
    ratios = []
    for eye in EYES:
        places = [IBUG68_VERTICES[i][0] for i in eye] if landmarks.shape[1] > 68 else list(eye)
        p1, p2, p3, p4, p5, p6 = np.asarray(landmarks, np.float64)[:, places].transpose(1, 0, 2)
        height = np.linalg.norm(p2 - p6, axis=-1) + np.linalg.norm(p3 - p5, axis=-1)
        ratios.append(height / (2 * np.linalg.norm(p1 - p4, axis=-1)))
    return np.mean(ratios, 0)


@dataclass(frozen=True)
class Blinks:
    """Blinks of one side of a sequence."""

    durations: tuple[int, ...]  # frames shut, of blinks seen from before their start to their end
    cut: int  # blinks whose start, middle or end was not seen: counted, without a duration
    short: int  # runs of fewer frames than a blink needs, not counted

    @property
    def count(self) -> int:
        """All blinks."""
        return len(self.durations) + self.cut


def find_blinks(shut: np.ndarray, frames: np.ndarray, min_frames: int) -> Blinks:
    """Blinks in the frames that were seen.

    A run of shut frames is one blink, also across a gap of frames that failed: lids shut on both
    sides of a gap are not two blinks. Where such a gap or an end of the sequence touches the run,
    its length is unknown, and it is counted without a duration.

    Args:
        shut: bool [n], of the frames that were seen.
        frames: int [n], their numbers, increasing.
        min_frames: seen frames that a blink takes at least.

    """
    durations, cut, short, start = [], 0, 0, 0
    for is_shut, run in groupby(shut.tolist()):
        size = len(list(run))
        stop = start + size
        if is_shut and size < min_frames:
            short += 1
        elif is_shut:
            # With one more frame on either side, a run that was wholly seen has no gap at all.
            around = frames[max(start - 1, 0) : stop + 1]
            whole = len(around) == size + 2 and around[-1] - around[0] == size + 1
            durations += [size] if whole else []
            cut += not whole
        start = stop
    return Blinks(tuple(durations), cut, short)


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
        values: dict[str, float | None] = {}
        names = iter(column.name for column in self.spec.columns)
        rates: list[float | None] = [blinks.count / seconds for blinks in sides.values()]
        durations = [self._duration(blinks) for blinks in sides.values()]
        for own, true in (rates, durations):
            error = None if own is None or true is None else abs(own - true)
            values |= {next(names): own, next(names): true, next(names): error}
        failures = [
            Failure(NOT_APPLICABLE, f"no complete blink in the {side}, so no mean duration")
            for side, blinks in sides.items()
            if not blinks.durations
        ]
        details: dict[str, object] = {
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
