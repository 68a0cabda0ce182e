"""Action units of prediction and truth side by side, whichever extractor they come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contracts import (
    ActionUnits,
    BadInput,
    Clip,
    Failure,
    FrameBatch,
    MetricSpec,
    MissingSignal,
)
from harness.contracts.signals import SIGNALS
from harness.media.blendshape_units import MP52_NAMES, UNITS, from_blendshapes
from harness.media.openface import OPENFACE_UNITS
from metrics.common import faces
from metrics.common.faces import Faces
from metrics.common.pairs import SIDES, FacePairs
from metrics.detectors.synthetic import ACTION_UNITS, action_units

#: The field's halves of the face: TalkingGaussian auerror.py.
UPPER = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU45")
LOWER = ("AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26")

#: Extractor -> its units in the order of its columns.
NAMES: Mapping[str, tuple[str, ...]] = {
    "synthetic": ACTION_UNITS,
    "mp": UNITS,
    "openface": OPENFACE_UNITS,
}

#: What every metric of OpenFace's units has to say.
OPENFACE_TRAPS = (
    "OpenFace calibrates AUxx_r per video (OpenFace#826), so length and cuts matter: run it on "
    "the same frames of prediction and ground truth.",
    "Frames with success = 0 are left out on both sides and counted as no_face; published scripts "
    "ignore that column.",
    "OpenFace reads a video file, so the codec affects the value.",
)
MP52_TRAPS = (
    "Each unit is 5 times the mean of the blendshapes that depict it: not OpenFace's scale, and "
    "comparable within this variant only.",
    "cheekSquint and noseSneer hardly move in the published model, so AU06 and AU09 contribute "
    "little.",
)


def needs(extractor: str) -> dict[str, Any]:
    """What a spec of an extractor's units declares: signals, or weights and packages; domain."""
    if extractor == "openface":
        signals = ("openface",)
        return {"signals": signals, "predicted": signals, "domain": "photo"}
    return faces.needs(extractor)


class UnitPairs(FacePairs):
    """FACS intensities 0..5 of both sides, in the order of `names`.

    Extractors `synthetic` and `mp` look at the frames. `openface` reads the signal of that name
    of truth and prediction, whose NaN rows are frames that OpenFace failed on.
    """

    #: Units without which an OpenFace signal is refused.
    required: ClassVar[tuple[str, ...]] = UPPER + LOWER

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.names = NAMES[self.extractor]

    def pick(self, found: Faces) -> np.ndarray:
        """Intensities float [B,A] of faces found in frames."""
        if self.extractor == "mp":
            return from_blendshapes(found.expression, MP52_NAMES).values.astype(np.float64)
        return action_units(found.expression)

    def begin(self, clip: Clip) -> None:
        """Start a sequence; OpenFace's units are there before the first frame.

        Raises:
            MissingSignal: one side has no OpenFace signal.
            BadInput: it lacks units, or has another number of rows than the sequence has frames.

        """
        if self.extractor != "openface":
            super().begin(clip)
            return
        self._clip = clip
        self._failures: list[Failure] = []
        self._ignored: dict[str, int] = {}
        self._features = {side: [self._signal(clip, side)] for side in SIDES}
        seen = {side: np.isfinite(self._features[side][0]).all(1) for side in SIDES}
        self._found = [seen["prediction"] & seen["truth"]]
        for side in SIDES:
            self._failures += [
                Failure("no_face", f"OpenFace lost the face in the {side}", int(t))
                for t in np.flatnonzero(~seen[side])
            ]

    def _signal(self, clip: Clip, side: str) -> np.ndarray:
        """Intensities float64 [T,17] of one side in OpenFace's order; 0 where none is required."""
        held = clip.predicted if side == "prediction" else clip.signals
        units: ActionUnits | None = held.get("openface")
        if units is None:
            needed_by = f"metric {self.spec.id} (of the {side})"
            raise MissingSignal("openface", clip.id, needed_by, SIGNALS["openface"][1])
        subject = f"{clip.id} ({side}, openface)"
        if missing := [unit for unit in self.required if unit not in units.names]:
            cure = "Run OpenFace 2.2 with all action units."
            raise BadInput(subject, f"it lacks {', '.join(missing)}", cure)
        if len(units.values) != clip.count:
            fact = f"{len(units.values)} rows for {clip.count} frames"
            raise BadInput(subject, fact, "Run OpenFace on the video that is scored.")
        values = np.zeros((clip.count, len(self.names)))
        for unit in self.required:
            values[:, self.names.index(unit)] = units.column(unit)
        return values

    def update(self, batch: FrameBatch) -> None:
        """Look at the next frames, where the units come from frames."""
        if self.extractor != "openface":
            super().update(batch)
