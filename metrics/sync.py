"""Sync-C and Sync-D: SyncNet's confidence and distance between lips and sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    BadInput,
    Clip,
    Column,
    Failure,
    FrameBatch,
    Metric,
    MetricResult,
    MetricSpec,
)
from metrics import sync_score
from metrics.crops import Box, BoxSmoother, bilinear_crop, face_box, mouth_box, reference_crop
from metrics.faces import EXTRACTORS, Detector, code_of, faces, failures, open_detector

#: Below this many windows the zero padding biases the score noticeably.
FEW_WINDOWS = 100
#: Lip windows that pass through the network together.
CHUNK = 16


def _spec(variant: str, title: str, network: str, extractor: str, **needs: Any) -> MetricSpec:
    return MetricSpec(
        id=f"sync/{variant}",
        title=title,
        entry="metrics.sync:Sync",
        columns=(
            Column(f"sync_c/{variant}", "up", "", (0.0, None), "SyncNet confidence (LSE-C)"),
            Column(f"sync_d/{variant}", "down", "", (0.0, None), "SyncNet distance (LSE-D)"),
        ),
        reference="joonson/syncnet_python SyncNetInstance.py evaluate, vshift 15",
        weights=(network, *EXTRACTORS[extractor]),
        code=("metrics.sync_score", "metrics.crops", *code_of(extractor)),
        options={"variant": variant, "extractor": extractor},
        **needs,
    )


SPECS = (
    _spec(
        "synthetic",
        "Sync (synthetic SyncNet, mouth crop)",
        "synthetic-syncnet",
        "synthetic",
        domain="synthetic",
        packages=("python_speech_features",),
    ),
    _spec(
        "direct",
        "Sync (SyncNet v2, lossless crops around MediaPipe's face)",
        "syncnet",
        "mp",
        domain="photo",
        packages=("python_speech_features", "mediapipe"),
    ),
)


class Sync(Metric):
    """Distance of lip and sound embeddings over shifts of 15 frames each way, at 25 fps.

    Variant `direct`: the reference's crop geometry around MediaPipe's face box, read straight
    from the frames, without the reference's two lossy codecs; compare it with itself only.
    """

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.variant = spec.options["variant"]
        self.extractor = spec.options["extractor"]
        self._network = None
        self._detector: Detector | None = None

    def _load(self):
        from metrics.backbones.load import load_into, read_state

        if self.variant == "direct":
            from metrics.backbones.syncnet import SyncNet as Network
        else:
            from metrics.backbones.synthetic_syncnet import SyntheticSyncNet as Network
        path = self.weights[self.spec.weights[0]]
        return load_into(Network(), read_state(path), path, self.device)

    def begin(self, clip: Clip) -> None:
        """Start a clip.

        Raises:
            BadInput: it is not at 25 fps, for which alone the windows are defined.

        """
        if abs(clip.fps - 25.0) > 1e-3:
            raise BadInput(clip.id, f"it has {clip.fps:g} fps", "SyncNet needs 25: convert it.")
        self._network = self._network or self._load()
        self._detector = self._detector or open_detector(self.extractor, self.weights, self.device)
        self._clip = clip
        self._count = sync_score.window_count(clip.count, len(clip.audio))
        self._smoother = BoxSmoother()
        self._crops: deque[np.ndarray | None] = deque(maxlen=sync_score.FRAMES)
        self._waiting: list[np.ndarray | None] = []  # lip windows not yet embedded
        self._lips: list[np.ndarray] = []
        self._failures: list[Failure] = []

    def update(self, batch: FrameBatch) -> None:
        """Crop the next frames and embed the windows that are complete."""
        found = faces(batch, "prediction", self._detector)
        self._failures += failures(found, "prediction", batch.start)
        frames, landmarks, box_of = batch.prediction, found.landmarks, face_box
        if self.variant == "synthetic":
            from metrics.backbones.synthetic_face import pictures

            # At one size, as in training: the crop of a larger frame would be sharper.
            frames, scale, corner = pictures(frames)
            landmarks, box_of = (landmarks - corner) / scale, mouth_box
        for frame, points, seen in zip(frames, landmarks, found.found, strict=True):
            for item in self._smoother.push(frame, box_of(points) if seen else None):
                self._take(*item)

    def _take(self, frame: np.ndarray, box: Box | None) -> None:
        size = self._network.size
        if box is None:
            self._crops.append(None)
        elif self.variant == "direct":
            self._crops.append(reference_crop(frame, box, size)[..., ::-1].astype(np.float32))
        else:
            self._crops.append(bilinear_crop(frame, box, size))
        if len(self._crops) == sync_score.FRAMES:
            blind = any(crop is None for crop in self._crops)
            self._waiting.append(None if blind else np.stack(self._crops, 0))
        if len(self._waiting) == CHUNK:
            self._embed()

    def _embed(self) -> None:
        seen = [i for i, window in enumerate(self._waiting) if window is not None]
        rows = np.full((len(self._waiting), self._network.width), np.nan)
        if seen:
            windows = np.stack([self._waiting[i] for i in seen])
            rows[seen] = embed(self._network.forward_lip, windows.transpose(0, 4, 1, 2, 3))
        self._lips.append(rows)
        self._waiting = []

    def compute(self) -> MetricResult:
        """Score the windows of the clip."""
        for item in self._smoother.flush():
            self._take(*item)
        if self._waiting:
            self._embed()
        c_name, d_name = (column.name for column in self.spec.columns)
        nothing = {c_name: None, d_name: None}
        lips = np.concatenate(self._lips)[: self._count] if self._lips else np.zeros((0, 1))
        if not len(lips):
            short = f"{self._clip.count} frames and {len(self._clip.audio)} samples"
            self._failures.append(Failure("too_short", f"{short} leave no window"))
            return MetricResult(nothing, 0, failures=self._failures)
        if np.isnan(lips).any(1).all():
            self._failures.append(Failure("no_track", "no window shows the face throughout"))
            return MetricResult(nothing, 0, failures=self._failures)
        sound = embed(
            self._network.forward_aud,
            sync_score.mfcc_windows(sync_score.mfcc(self._clip.audio), len(lips)),
        )
        return self._result(sync_score.score(lips, sound))

    def _result(self, scored: sync_score.SyncScore) -> MetricResult:
        c_name, d_name = (column.name for column in self.spec.columns)
        warnings = []
        if scored.windows < FEW_WINDOWS:
            warnings.append(
                f"{scored.windows} windows: below {FEW_WINDOWS} the zero padding of the "
                "reference biases both values"
            )
        return MetricResult(
            {c_name: scored.confidence, d_name: scored.distance},
            scored.windows,
            items={
                c_name: float(np.median(scored.curve)) - scored.distances,
                d_name: scored.distances,
            },
            failures=self._failures,
            warnings=warnings,
            details={
                "offset": scored.offset,
                "windows": scored.windows,
                "vshift": sync_score.VSHIFT,
                "crop": "mouth" if self.variant == "synthetic" else "reference geometry",
                "detector": self.extractor,
                "curve": scored.curve.tolist(),
            },
        )


def embed(network, inputs: np.ndarray) -> np.ndarray:
    """Embeddings float64 [N,D] of inputs [N,...], a chunk at a time, without gradients."""
    import torch

    owner = network.__self__
    device = next(owner.parameters()).device
    with torch.inference_mode():
        return np.concatenate(
            [
                network(torch.from_numpy(np.ascontiguousarray(inputs[i : i + CHUNK])).to(device))
                .double()
                .cpu()
                .numpy()
                for i in range(0, len(inputs), CHUNK)
            ]
        )
