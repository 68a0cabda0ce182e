"""Sync-C and Sync-D: SyncNet's confidence and distance between lips and sound, by protocol."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, Clip, Failure, Metric, MetricResult, MetricSpec
from metrics.common.shared import shared
from metrics.sync import score as sync_score
from metrics.sync.embed import Embedder

#: Below this many windows the zero padding biases the score noticeably.
FEW_WINDOWS = 100
#: A sound whose samples stay below this part of full scale (-80 dB) says nothing.
SILENCE = 1e-4


class Sync(Metric):
    """Distance of lip and sound embeddings over shifts of 15 frames each way, at 25 fps."""

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.variant: str = spec.options["variant"]

    def begin(self, clip: Clip) -> None:
        """Start a sequence.

        Raises:
            BadInput: it is not at 25 fps, for which alone the windows are defined.

        """
        if abs(clip.fps - 25.0) > 1e-3:
            raise BadInput(
                clip.id,
                f"it has {clip.fps:g} fps, and SyncNet's windows are defined at 25 only",
                "Render it at 25, or convert it and its sound "
                "(`ffmpeg -i IN -vf fps=25 -c:v libx264 -crf 12 OUT.mp4`).",
            )
        network = self.spec.options["network"]
        self._embedder = shared(Embedder, network, self.weights[network], self.device)
        self._clip = clip
        self._failures: list[Failure] = []

    @abc.abstractmethod
    def crop_details(self) -> dict[str, Any]:
        """What a reviewer asks of the crop: `crop`, `detector`, `resize`."""

    def nothing(self, reason: str, message: str) -> MetricResult:
        """The result of a sequence that cannot be scored: a failure, never 0."""
        self._failures.append(Failure(reason, message))
        values = dict.fromkeys(column.name for column in self.spec.columns)
        return MetricResult(values, 0, failures=self._failures, details=self._details())

    def scored(
        self, lips: np.ndarray, audio: np.ndarray, warnings: tuple[str, ...] = ()
    ) -> MetricResult:
        """The result of lip embeddings [N,D] beside the sound float32 [S] they belong to."""
        count = sync_score.window_count(len(lips) + sync_score.FRAMES - 1, len(audio))
        lips = lips[:count]
        if not len(lips):
            return self.nothing(
                "too_short",
                f"{self._clip.count} frames and {len(self._clip.audio)} samples are too few",
            )
        if np.isnan(lips).any(1).all():
            return self.nothing("no_track", "no window has a face in all of its frames")
        if np.abs(audio).max() < SILENCE:
            return self.nothing("silent", f"the audio stays below {SILENCE:g} of full scale")
        score = sync_score.score(lips, self._embedder.sound(audio, len(lips)))
        c_name, d_name = (column.name for column in self.spec.columns)
        notes = list(warnings)
        if score.windows < FEW_WINDOWS:
            notes.append(
                f"{score.windows} windows: below {FEW_WINDOWS} the zero padding of the "
                "reference biases both values"
            )
        return MetricResult(
            {c_name: score.confidence, d_name: score.distance},
            score.windows,
            items={
                c_name: float(np.median(score.curve)) - score.distances,
                d_name: score.distances,
            },
            failures=self._failures,
            warnings=notes,
            details=self._details()
            | {
                "offset": score.offset,
                "offset_at_edge": abs(score.offset) == sync_score.VSHIFT,
                "windows": score.windows,
                "curve": score.curve.tolist(),
            },
        )

    def _details(self) -> dict[str, Any]:
        return {
            "variant": self.variant,
            "network": self.spec.options["network"],
            "dims": self._embedder.width,
            "vshift": sync_score.VSHIFT,
            **self.crop_details(),
        }
