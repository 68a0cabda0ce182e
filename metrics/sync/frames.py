"""Sync frame by frame: crops around a smoothed box, or the whole frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import Clip, FrameBatch, MetricResult, MetricSpec
from metrics.common.faces import faces, failures, open_detector
from metrics.common.resample import cv2_resize
from metrics.sync.base import Sync
from metrics.sync.crops import Box, BoxSmoother, bilinear_crop, face_box, mouth_box, reference_crop
from metrics.sync.embed import LipStream, bgr255


class SmoothedSync(Sync):
    """Crops around a box smoothed while frames stream by: `synthetic` and `direct-mp`."""

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.extractor: str = spec.options["extractor"]

    def crop_details(self) -> dict[str, Any]:
        """Detector, crop and filter."""
        if self.variant == "synthetic":
            return {"detector": self.extractor, "crop": "mouth", "resize": "bilinear, antialiased"}
        return {
            "detector": self.extractor,
            "crop": "reference geometry around the landmarks' extent",
            "resize": "cv2 INTER_LINEAR",
        }

    def begin(self, clip: Clip) -> None:
        """Start a sequence; what `Sync.begin` refuses is refused."""
        super().begin(clip)
        self._detector = open_detector(self.extractor, self.weights, self.device)
        self._smoother = BoxSmoother()
        self._stream = LipStream(self._embedder)

    def update(self, batch: FrameBatch) -> None:
        """Crop the next frames and embed the windows that are complete."""
        found = faces(batch, "prediction", self._detector)
        self._failures += failures(found, "prediction", batch.start)
        frames, landmarks, box_of = batch.prediction, found.landmarks, face_box
        if self.variant == "synthetic":
            from metrics.backbones.synthetic_face import images

            # At one size, as in training: the crop of a larger frame would be sharper.
            frames, scale, corner = images(frames)
            landmarks, box_of = (landmarks - corner) / scale, mouth_box
        for frame, points, seen in zip(frames, landmarks, found.found, strict=True):
            for item in self._smoother.push(frame, box_of(points) if seen else None):
                self._take(*item)

    def _take(self, frame: np.ndarray, box: Box | None) -> None:
        size = self._embedder.size
        if box is None:
            self._stream.push(None)
        elif self.variant == "synthetic":
            self._stream.push(bilinear_crop(frame, box, size))
        else:
            self._stream.push(bgr255(reference_crop(frame, box, size)))

    def compute(self) -> MetricResult:
        """Score the windows of the sequence."""
        for item in self._smoother.flush():
            self._take(*item)
        return self.scored(self._stream.finish(), self._clip.audio)


class WholeFrameSync(Sync):
    """The whole frame as the crop, as Wav2Lip scores LRS2: no detector, so none can fail."""

    def crop_details(self) -> dict[str, Any]:
        """Detector, crop, filter and codec."""
        from harness.media.lossy import build

        return {
            "detector": None,
            "crop": "whole frame",
            "resize": "cv2 INTER_LINEAR",
            "images": "JPEG at ffmpeg's default quality, one thread",
            "libav": build(),
        }

    def begin(self, clip: Clip) -> None:
        """Start a sequence; what `Sync.begin` refuses is refused."""
        from harness.media.lossy import JpegSeries

        super().begin(clip)
        self._stream = LipStream(self._embedder)
        self._jpeg = JpegSeries()

    def update(self, batch: FrameBatch) -> None:
        """Resize the next frames and embed the windows that are complete."""
        from harness.media.lossy import to_yuv

        size = self._embedder.size
        for frame in batch.prediction:
            self._stream.push(bgr255(cv2_resize(self._jpeg(to_yuv(frame)), (size, size))))

    def compute(self) -> MetricResult:
        """Score the windows of the sequence."""
        return self.scored(self._stream.finish(), self._clip.audio)
