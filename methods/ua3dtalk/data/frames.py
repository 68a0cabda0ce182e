"""A training set as tensors: bytes of frames and masks, cameras, and each frame's features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.contracts import MASK_BITS, BadInput, TrainingSet
from methods.ua3dtalk.data.face import NAME, FaceSignals
from methods.ua3dtalk.data.features import FrameFeatures
from methods.ua3dtalk.data.transform import SceneTransform
from methods.ua3dtalk.field.conditions import Conditions


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

    @property
    def centre(self) -> Tensor:
        """Where the camera stands, [3] in scene units."""
        rotation, shift = self.viewmat[0, :3, :3], self.viewmat[0, :3, 3]
        return -rotation.t() @ shift


@dataclass(frozen=True)
class TrainingFrame(Viewpoint):
    """One training frame.

    Attributes:
        index: in the training set.
        image: float32 [3,H,W] in [0, 1].
        bits: uint8 [H,W].
        lips: rows and columns of the square around the lips.

    """

    index: int
    image: Tensor
    bits: Tensor
    lips: tuple[slice, slice]

    def region(self, name: str) -> Tensor:
        """Bool mask [H,W] of a region."""
        return (self.bits & MASK_BITS[name]) != 0

    @property
    def outside_mouth(self) -> Tensor:
        """Bool mask [H,W] of the head but for the inside of the mouth: what the face shows."""
        return self.region("head") & ~self.region("mouth")


class TrainingData:
    """The frames of all sequences, held as bytes; floats exist for one step's frame only.

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
        self.height, self.width = first.height, first.width
        for sequence in training:
            shape, frames = sequence.signal("masks", NAME).bits.shape, len(sequence.frames)
            expected = [frames, self.height, self.width]
            if list(shape) != expected:
                raise BadInput(
                    sequence.id,
                    f"its masks have shape {list(shape)}, but its frames {expected}",
                    "Prepare the masks again.",
                )
        cameras = [sequence.signal("camera", NAME) for sequence in training]
        bits = np.concatenate([sequence.signal("masks", NAME).bits for sequence in training])
        self.frames = torch.from_numpy(np.stack([f for each in training for f in each.frames]))
        self.bits = torch.from_numpy(bits)
        poses = transform.viewmats(np.concatenate([each.world_to_camera for each in cameras]))
        self.viewmats = torch.from_numpy(poses).to(device)
        self.K = np.concatenate([np.asarray(camera.K, np.float32) for camera in cameras])
        self._K = torch.from_numpy(self.K).to(device)
        self._plates = [sequence.signal("plate", NAME) for sequence in training]
        #: Frames that show the head.
        self.shown = np.flatnonzero(((bits & MASK_BITS["head"]) != 0).any((1, 2)))
        self.face = FaceSignals.of(training, bits)
        self.extent = camera_extent(poses)

    def frame(self, t: int) -> TrainingFrame:
        """Frame t."""
        return TrainingFrame(
            index=t,
            viewmat=self.viewmats[t : t + 1],
            K=self._K[t : t + 1],
            width=self.width,
            height=self.height,
            image=self.frames[t].to(self.device).permute(2, 0, 1).float() / 255,
            bits=self.bits[t].to(self.device),
            lips=self.face.lips(t),
        )

    def plate(self, t: int) -> Tensor:
        """The background plate of frame t, float32 [3,H,W] in [0, 1]."""
        k, span = self.features.spans.locate(t)
        plate = np.array(self._plates[k][t - span.start])
        return torch.from_numpy(plate).to(self.device).permute(2, 0, 1).float() / 255

    def conditions(self, t: int) -> Conditions:
        """What the fields are conditioned on at frame t."""
        return self.features.conditions(t, self.device)


#: The extent of a head that hardly turns, in scene units: with an extent of 0 no Gaussian could
#: move, and each would count as too large. It is that of a head that turns by 2 degrees.
LEAST_EXTENT = 0.03


def camera_extent(viewmats: np.ndarray) -> float:
    """How far the cameras lie apart: 1.1 times the largest distance from their mean, scene units.

    The released code scales the positions' learning rate and the sizes at which a Gaussian is
    split or removed by it (`scene/dataset_readers.py`, `getNerfppNorm`, after 3DGS).

    Args:
        viewmats: [T,4,4], world to camera.

    """
    centres = -np.einsum("tji,tj->ti", viewmats[:, :3, :3], viewmats[:, :3, 3])
    distances = np.linalg.norm(centres - centres.mean(0), axis=1)
    return max(1.1 * float(distances.max()), LEAST_EXTENT)
