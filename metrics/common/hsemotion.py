"""hsemotion's networks on face crops: features, classes, and what all metrics on them share."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import FrameBatch
from metrics.common.alignment import box_crop, crops
from metrics.common.faces import Faces
from metrics.common.numerics import spread
from metrics.common.pairs import FacePairs
from metrics.common.shared import shared

if TYPE_CHECKING:
    from metrics.backbones.onnx_net import HeadlessNet

#: Classes of the network, in the order of its outputs (AffectNet-8).
CLASSES = ("Anger", "Contempt", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise")
DIM = 1280
SIZE = 224
#: Outputs of each network: the classes, and valence and arousal after them in the second.
OUTPUTS = {"hsemotion-vgaf": 8, "hsemotion-va": 10}
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
STD = np.array((0.229, 0.224, 0.225), np.float32)

PACKAGES = ("mediapipe", "onnx", "onnxruntime")
REFERENCE = "sb-ai-lab/EmotiEffLib emotiefflib/facial_analysis.py"
CROP_TRAPS = (
    "The crop is the bounding box of MediaPipe's 478 landmarks without margin, resized to 224 x "
    "224 without keeping its aspect ratio, as in hsemotion-onnx's demo; the MTCNN boxes of other "
    "demos give other values.",
    "Resized with Pillow's anti-aliased bilinear filter, as in hsemotion's torch code; "
    "hsemotion-onnx uses cv2.resize, which does not anti-alias: 1.7 grey levels apart on average "
    "from 512 pixels.",
)


def network_input(faces: np.ndarray) -> np.ndarray:
    """The networks' input float32 [n,3,224,224] of crops uint8 RGB [n,224,224,3]."""
    return ((faces.astype(np.float32) / 255 - MEAN) / STD).transpose(0, 3, 1, 2)


class EmotionFaces(FacePairs):
    """Features of faces, [B,1280], by one hsemotion network; shared by all metrics on it."""

    @cached_property
    def _net(self) -> HeadlessNet:
        from metrics.backbones.onnx_net import HeadlessNet

        name = self.spec.options["weights"]
        return shared(HeadlessNet, self.weights[name], (3, SIZE, SIZE), DIM, OUTPUTS[name])

    def look(self, batch: FrameBatch, side: str, found: Faces) -> np.ndarray:
        """Features float32 [B,1280], NaN without a face."""
        place = f"{self.extractor}/{side}"

        def embed() -> np.ndarray:
            cut = partial(box_crop, size=SIZE)
            indices, faces = batch.cache.get(
                f"hsemotion-crops/{place}", lambda: crops(getattr(batch, side), found, cut)
            )
            return spread(self._net(network_input(faces)), indices, len(found.found))

        return batch.cache.get(f"{self.spec.options['weights']}/{place}", embed)

    def classes(self, features: np.ndarray) -> np.ndarray:
        """Index into `CLASSES` of each face, int64 [n], from features [n,1280]."""
        return self._net.classify(features)[:, : len(CLASSES)].argmax(1)

    def describe(self) -> dict[str, object]:
        """Details that a reviewer asks for."""
        return {
            "network": self.weights[self.spec.options["weights"]].name,
            "crop": "box of 478 landmarks, no margin, aspect not kept",
            "resize": f"Pillow bilinear with anti-aliasing, {SIZE}",
            "input": "RGB in [0,1], ImageNet mean and std",
            "dim": DIM,
            "device": "cpu",
        }
