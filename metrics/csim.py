"""CSIM: cosine similarity of ArcFace embeddings, with the paired frame and with one reference."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import Column, Failure, FrameBatch, MetricResult, MetricSpec
from metrics.common.alignment import ARCFACE_SIZE, MP_FIVE, arcface_crop, crops
from metrics.common.faces import EXTRACTORS, Faces
from metrics.common.numerics import mean_of_scored, spread
from metrics.common.pairs import FacePairs
from metrics.common.shared import shared

if TYPE_CHECKING:
    from metrics.backbones.onnx_net import OnnxNet

DIM = 512

SPECS = (
    MetricSpec(
        id="csim/arcface",
        title="CSIM (ArcFace)",
        entry="metrics.csim:CSIM",
        columns=(
            Column(
                "csim/arcface", "up", "", (-1.0, 1.0), "identity, against the paired true frame"
            ),
            Column(
                "csim_ref/arcface", "up", "", (-1.0, 1.0), "identity, against the first true frame"
            ),
        ),
        reference="insightface python-package/insightface: utils/face_align.py and "
        "model_zoo/arcface_onnx.py, buffalo_l",
        formula="mean_t <e(p_t), e(g_t)> / (|e(p_t)| |e(g_t)|); csim_ref: with g_0, the first "
        "frame of the truth, in place of g_t",
        traps=(
            "Papers compare with the paired ground-truth frame, the source image, or the mean of "
            "several images; here the paired frame and a single reference frame are separate "
            "columns.",
            "The reference is the first ground-truth frame of the test part, not an enrolment "
            "photograph.",
            "The five points come from MediaPipe (iris centres, nose tip, mouth corners); "
            "insightface takes them from its SCRFD detector, and other points change the crop and "
            "the value.",
            "buffalo_l's w600k_r50 is one of many ArcFace networks; antelopev2, IR-SE50 of "
            "arcface_torch and CosFace give other values.",
            "The crop is sampled bilinearly without anti-aliasing, as in insightface: large faces "
            "alias.",
            "Closed eyes are not a failure: MediaPipe still places the irises.",
        ),
        weights=("arcface", *EXTRACTORS["mp"]),
        packages=("mediapipe", "onnxruntime"),
        domain="photo",
        options={"extractor": "mp"},
    ),
)


def cosines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cosine of each pair of vectors float [n,d] and float [n,d] or [d]; NaN for a zero vector."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    products = (x * y).sum(-1)
    return np.divide(products, lengths, out=np.full(len(x), np.nan), where=lengths > 0).clip(-1, 1)


def arcface_input(faces: np.ndarray) -> np.ndarray:
    """ArcFace's input float32 [n,3,112,112] of crops uint8 RGB [n,112,112,3].

    insightface reads BGR and swaps, so the network sees RGB, (x - 127.5) / 127.5.
    """
    return ((faces.astype(np.float32) - 127.5) / 127.5).transpose(0, 3, 1, 2)


class CSIM(FacePairs):
    """Mean cosine of the embeddings of frames in which both faces were found."""

    @cached_property
    def _net(self) -> OnnxNet:
        from metrics.backbones.onnx_net import OnnxNet

        shape = (3, ARCFACE_SIZE, ARCFACE_SIZE)
        return shared(OnnxNet, self.weights["arcface"], shape, DIM)

    def look(self, batch: FrameBatch, side: str, found: Faces) -> np.ndarray:
        """Embeddings float32 [B,512], NaN without a face."""

        def embed() -> np.ndarray:
            places, faces = crops(getattr(batch, side), found, arcface_crop)
            return spread(self._net(arcface_input(faces)), places, len(found.found))

        return batch.cache.get(f"arcface/{self.extractor}/{side}", embed)

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Cosines of embeddings float [n,512]."""
        reference = np.concatenate(self._features["truth"])[0]
        items = {"csim/arcface": cosines(prediction, truth)}
        failures = [
            Failure("zero_embedding", "an embedding is zero, so its cosine is undefined", int(t))
            for t in frames[np.isnan(items["csim/arcface"])]
        ]
        if np.isfinite(reference).all():
            items["csim_ref/arcface"] = cosines(prediction, reference)
        else:
            text = "the first frame of the truth does not show exactly one face"
            failures.append(Failure("no_reference", text, 0))
        return MetricResult(
            {
                c.name: mean_of_scored(items[c.name]) if c.name in items else None
                for c in self.spec.columns
            },
            len(frames),
            items=items,
            failures=failures,
            details={
                "network": "buffalo_l w600k_r50",
                "dim": DIM,
                "crop": f"similarity (Umeyama) of five points onto arcface_dst, {ARCFACE_SIZE}",
                "five_points": list(MP_FIVE),
                "resize": "bilinear without anti-aliasing, black outside the frame",
                "input": "RGB, (x - 127.5) / 127.5",
                "reference_frame": 0,
                "device": "cpu",
            },
        )
