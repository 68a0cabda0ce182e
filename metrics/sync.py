"""Sync-C and Sync-D: SyncNet's confidence and distance between lips and sound, by protocol."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    BadInput,
    Clip,
    Column,
    Failure,
    Metric,
    MetricResult,
    MetricSpec,
)
from metrics import sync_score
from metrics.faces import EXTRACTORS, code_of
from metrics.sync_embed import Embedder, open_embedder

#: Below this many windows the zero padding biases the score noticeably.
FEW_WINDOWS = 100
#: A sound whose samples stay below this part of full scale (-80 dB) says nothing.
SILENCE = 1e-4

FORMULA = (
    "m_j = mean_i |v_i - a_(i+j) + 1e-6|, j = -15..15, a zero-padded; "
    "Sync-D = min_j m_j, Sync-C = median_j m_j - min_j m_j"
)
_TRAPS = (
    "A silent sound gives the reference a Sync-C near 0 and a finite Sync-D; here it is a failure.",
    "The embeddings are not normalised, so another network or crop moves the whole scale.",
    "Sound is zero-padded by 15 windows each side: fewer than 100 windows bias both values.",
    "The sound must be 16-bit integers; floats move the first MFCC by 2 ln 32768.",
    "The best shift counts, so a constant delay costs nothing: read the offset too.",
)
_CROP = "joonson/syncnet_python"


def _spec(
    variant: str, title: str, network: str, entry: str, reference: str, traps: tuple[str, ...],
    code: tuple[str, ...], options: Mapping[str, Any] | None = None, **needs: Any,
) -> MetricSpec:  # fmt: skip
    return MetricSpec(
        id=f"sync/{variant}",
        title=f"Sync ({title})",
        entry=entry,
        columns=(
            Column(f"sync_c/{variant}", "up", "", (0.0, None), "SyncNet confidence (LSE-C)"),
            Column(f"sync_d/{variant}", "down", "", (0.0, None), "SyncNet distance (LSE-D)"),
        ),
        reference=reference,
        formula=FORMULA,
        traps=(*traps, *_TRAPS),
        options={"variant": variant, "network": network, **(options or {})},
        **needs,
    )


_TRACKED = (
    "metrics.sync_detect",
    "metrics.tracks",
    "metrics.scenes",
    "metrics.crops",
    "metrics.backbones.s3fd",
    "metrics.backbones.s3fd_boxes",
    "metrics.backbones.syncnet",
)
_LENGTH = "A face must be tracked over more than 100 frames and be 100 pixels wide or high."

SPECS = (
    _spec(
        "synthetic",
        "synthetic SyncNet, mouth crop",
        "synthetic-syncnet",
        "metrics.sync_frames:SmoothedSync",
        f"{_CROP} SyncNetInstance.py evaluate, vshift 15, with this project's network",
        ("The network knows the synthetic corpus alone; no published value compares with it.",),
        (
            "metrics.crops",
            "metrics.backbones.synthetic_syncnet",
            "metrics.backbones.synthetic_face",
            *code_of("synthetic"),
        ),
        {"extractor": "synthetic"},
        weights=("synthetic-syncnet", *EXTRACTORS["synthetic"]),
        domain="synthetic",
        packages=("python_speech_features",),
    ),
    _spec(
        "reference",
        "SyncNet v2, the whole pipeline of syncnet_python with its lossy files",
        "syncnet",
        "metrics.sync_tracks:TrackedSync",
        f"{_CROP} run_pipeline.py and SyncNetInstance.py evaluate, vshift 15; the numbers of "
        "Wav2Lip's calculate_scores_real_videos",
        (
            "Each picture is coded with loss four times and the sound as MP3 on the way to the "
            "network; without that it is sync/direct.",
            "The encoders' version and number of threads decide the last digits; one is used here.",
            "LAME's delay makes the sound 1105 samples late and the picture waits two frames for "
            "it, so the offset is not true to the frame.",
            _LENGTH,
            "syncnet-python on PyPI wants 50 frames, takes the best of all tracks, and says 0, 0 "
            "where there is no face.",
        ),
        (*_TRACKED, "harness.media.lossy"),
        weights=("syncnet", "s3fd-sync"),
        domain="photo",
        packages=("python_speech_features",),
    ),
    _spec(
        "direct",
        "SyncNet v2, crops of syncnet_python without its lossy files",
        "syncnet",
        "metrics.sync_tracks:TrackedSync",
        f"{_CROP} run_pipeline.py (detector, tracks, crop) and SyncNetInstance.py evaluate",
        ("No codec comes between, so published values do not compare.", _LENGTH),
        _TRACKED,
        weights=("syncnet", "s3fd-sync"),
        domain="photo",
        packages=("python_speech_features",),
    ),
    _spec(
        "direct-mp",
        "SyncNet v2, lossless crops around MediaPipe's face",
        "syncnet",
        "metrics.sync_frames:SmoothedSync",
        f"{_CROP} SyncNetInstance.py evaluate, with another detector",
        (
            "MediaPipe's box is not S3FD's: the crop has another size, so compare it with itself "
            "only.",
        ),
        ("metrics.crops", "metrics.backbones.syncnet", *code_of("mp")),
        {"extractor": "mp"},
        weights=("syncnet", *EXTRACTORS["mp"]),
        domain="photo",
        packages=("python_speech_features", "mediapipe"),
    ),
    _spec(
        "wav2lip-lrs",
        "SyncNet v2, the whole frame at 224 pixels",
        "syncnet",
        "metrics.sync_frames:WholeFrameSync",
        "Rudrabha/Wav2Lip evaluation/scores_LSE/calculate_scores_LRS.py and "
        "SyncNetInstance_calc_scores.py",
        (
            "No face is looked for: meaningful only where the frame is a face crop already.",
            "A frame that is not square is distorted.",
            "ffmpeg makes every frame a JPEG at 200 kbit/s first, which costs large frames most.",
        ),
        ("metrics.backbones.syncnet", "harness.media.lossy"),
        weights=("syncnet",),
        domain="photo",
        packages=("python_speech_features",),
    ),
)


class Sync(Metric):
    """Distance of lip and sound embeddings over shifts of 15 frames each way, at 25 fps."""

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.variant: str = spec.options["variant"]
        self._embedder: Embedder | None = None

    def begin(self, clip: Clip) -> None:
        """Start a clip.

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
        if self._embedder is None:
            network = self.spec.options["network"]
            self._embedder = open_embedder(network, self.weights[network], self.device)
        self._clip = clip
        self._failures: list[Failure] = []

    @abc.abstractmethod
    def crop_details(self) -> dict[str, Any]:
        """What a reviewer asks of the crop: `crop`, `detector`, `resize`."""

    def nothing(self, reason: str, message: str) -> MetricResult:
        """The result of a clip that cannot be scored: a failure, never 0."""
        self._failures.append(Failure(reason, message))
        values = {column.name: None for column in self.spec.columns}
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
                f"{self._clip.count} frames and {len(self._clip.audio)} samples leave no window",
            )
        if np.isnan(lips).any(1).all():
            return self.nothing("no_track", "no window shows the face throughout")
        if np.abs(audio).max() < SILENCE:
            return self.nothing("silent", f"the sound stays below {SILENCE:g} of full scale")
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
