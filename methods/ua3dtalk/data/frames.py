"""A training set as tensors: bytes of frames and masks, cameras, and each frame's features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.contracts import MASK_BITS, BadInput, TrainingSet
from methods.ua3dtalk.data.crops import Crops, around_boxes
from methods.ua3dtalk.data.features import FrameFeatures, au_of
from methods.ua3dtalk.data.transform import SceneTransform, boxes
from methods.ua3dtalk.field.conditions import Conditions

NAME = "ua3dtalk"
GREEN = (0.0, 1.0, 0.0)
HEAD_MARGIN, MOUTH_MARGIN = 6, 4


@dataclass(frozen=True)
class Viewpoint:
    """A camera in scene units and the size of its image.

    Attributes:
        viewmat: [1,4,4].
        K: [1,3,3], pixels.
        width: pixels.
        height: pixels.

    """

    viewmat: Tensor
    K: Tensor
    width: int
    height: int

    @property
    def camera(self) -> tuple[Tensor, Tensor, int, int]:
        """The arguments of the rasteriser."""
        return self.viewmat, self.K, self.width, self.height


@dataclass(frozen=True)
class TrainingCrop(Viewpoint):
    """The crop of one training frame.

    Attributes:
        frame: its index.
        image: float32 [3,h,w] in [0, 1].
        bits: uint8 [h,w].

    """

    frame: int
    image: Tensor
    bits: Tensor

    def region(self, name: str) -> Tensor:
        """Bool mask [h,w] of a region."""
        return (self.bits & MASK_BITS[name]) != 0


class TrainingData:
    """The frames of all sequences, held as bytes; floats exist for one step's crop only.

    Args:
        training: sequences of one subject, frame rate and size.
        transform: into scene units.
        features: what the fields are conditioned on at each frame.
        device: where steps compute.

    """

    def __init__(
        self, training: TrainingSet, transform: SceneTransform, features: FrameFeatures, device: str
    ) -> None:
        self.device, self.features = device, features
        first = training.uniform()
        size = (first.height, first.width)
        for sequence in training:
            shape, frames = sequence.signal("masks", NAME).bits.shape, len(sequence.frames)
            if shape != (frames, *size):
                raise BadInput(
                    sequence.id,
                    f"its masks have shape {list(shape)}, but its frames {[frames, *size]}",
                    "Prepare the masks again.",
                )
        cameras = [sequence.signal("camera", NAME) for sequence in training]
        bits = np.concatenate([sequence.signal("masks", NAME).bits for sequence in training])
        self.frames = torch.from_numpy(np.stack([f for each in training for f in each.frames]))
        self.bits = torch.from_numpy(bits)
        poses = np.concatenate([camera.world_to_camera for camera in cameras])
        self.viewmats = torch.from_numpy(transform.viewmats(poses)).to(device)
        self.K = np.concatenate([np.asarray(camera.K, np.float32) for camera in cameras])
        self._plates = [sequence.signal("plate", NAME) for sequence in training]

        head, mouth = boxes(bits, MASK_BITS["head"]), boxes(bits, MASK_BITS["mouth"])
        if not (mouth[:, 2] > mouth[:, 0]).any():
            raise BadInput(
                training.id, "no frame shows the inside of the mouth", "Prepare the masks again."
            )
        self.shown = np.flatnonzero(head[:, 2] > head[:, 0])
        self.head_crops = around_boxes(head, size, HEAD_MARGIN)
        # While the mouth is closed its crop stays where the head has it: at the mean place
        # relative to the projected middle of the scene.
        origin = self.viewmats[:, :3, 3].cpu().numpy()
        middle = origin[:, :2] / origin[:, 2:] * self.K[:, [0, 1], [0, 1]] + self.K[:, :2, 2]
        self.mouth_crops = around_boxes(mouth, size, MOUTH_MARGIN, middle)
        self._K = {
            id(crops): torch.from_numpy(crops.intrinsics(self.K)).to(device)
            for crops in (self.head_crops, self.mouth_crops)
        }
        #: How open the mouth is and how closed the eyes are, per frame in [0, 1].
        self.mouth_open = _unit_range(((bits & MASK_BITS["mouth"]) != 0).sum((1, 2)))
        self.blink = None
        if all(sequence.has("au") for sequence in training):
            self.blink = _unit_range(au_of(training)[:, -1])

    def crop(self, t: int, crops: Crops) -> TrainingCrop:
        """The crop of frame t."""
        rows, columns = crops.slices(t)
        image = self.frames[t, rows, columns].to(self.device).permute(2, 0, 1).float() / 255
        return TrainingCrop(
            frame=t,
            viewmat=self.viewmats[t : t + 1],
            K=self._K[id(crops)][t : t + 1],
            width=crops.width,
            height=crops.height,
            image=image,
            bits=self.bits[t, rows, columns].to(self.device),
        )

    def plate(self, t: int, crops: Crops) -> Tensor:
        """The background plate in the crop of frame t, float32 [3,h,w] in [0, 1]."""
        rows, columns = crops.slices(t)
        k, span = self.features.spans.locate(t)
        plate = np.ascontiguousarray(self._plates[k][t - span.start][rows, columns])
        return torch.from_numpy(plate).to(self.device).permute(2, 0, 1).float() / 255

    def conditions(self, t: int) -> Conditions:
        """What the fields are conditioned on at frame t."""
        return self.features.conditions(t, self.device)


def _unit_range(values: np.ndarray) -> np.ndarray:
    """Values mapped to [0, 1] by their least and greatest; zeros where they are all equal."""
    values = np.asarray(values, np.float64)
    spread = values.max() - values.min()
    return (values - values.min()) / spread if spread > 0 else np.zeros(len(values))
