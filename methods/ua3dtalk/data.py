"""A training part as tensors: bytes of frames and masks, cameras, and each frame's drive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.contracts import MASK_BITS, ActionUnits, BadInput, Priors, TrainingSet
from methods.ua3dtalk.audio_windows import frame_window
from methods.ua3dtalk.field import AU_NAMES, Conditions
from methods.ua3dtalk.scene import SceneTransform, boxes
from methods.ua3dtalk.spans import Spans
from methods.ua3dtalk.windows import Windows, around_boxes, following

NAME = "ua3dtalk"
GREEN = (0.0, 1.0, 0.0)
BLINK_LIMIT = 2.0
HEAD_MARGIN, MOUTH_MARGIN = 6, 4


@dataclass(frozen=True)
class Drive:
    """What drives the fields at every frame of one or several sequences.

    Attributes:
        audio: float32 [T,16,29].
        priors: content, style, emotion; None where all their modules are off.
        au: float32 [T,6] in the order of `AU_NAMES`, or None.
        spans: the sequences; a frame's neighbours are those of its own sequence.

    """

    audio: np.ndarray
    priors: Priors | None
    au: np.ndarray | None
    spans: Spans

    def conditions(self, t: int, device: str) -> Conditions:
        """Conditions of frame t."""

        def tensor(values: np.ndarray | None) -> Tensor | None:
            return None if values is None else torch.from_numpy(values).to(device)

        priors, (_, span) = self.priors, self.spans.locate(t)
        return Conditions(
            audio=tensor(frame_window(self.audio[span.start : span.stop], t - span.start)),
            au=tensor(None if self.au is None else self.au[t]),
            content=tensor(None if priors is None else priors.content[t]),
            style=tensor(None if priors is None else priors.style[t]),
            emotion=tensor(None if priors is None else priors.emotion[t]),
        )


def au_matrix(au: ActionUnits) -> np.ndarray:
    """The six units that the field hears, float32 [T,6]; the blink clipped to [0, 2]."""
    columns = [np.asarray(au.column(name), np.float32) for name in AU_NAMES]
    columns[-1] = np.clip(columns[-1], 0, BLINK_LIMIT)
    return np.stack(columns, -1)


def au_of(training: TrainingSet) -> np.ndarray:
    """`au_matrix` of all frames of all sequences."""
    return np.concatenate([au_matrix(sequence.signal("au", NAME)) for sequence in training])


@dataclass(frozen=True)
class CameraView:
    """A camera in scene units and the size of its picture.

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


@dataclass(frozen=True)
class View(CameraView):
    """One training frame through one window.

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
    """The frames of all sequences, held as bytes; floats exist for one step's window only.

    Args:
        training: sequences of one subject, frame rate and size.
        transform: into scene units.
        drive: what drives each frame.
        device: where steps compute.

    """

    def __init__(
        self, training: TrainingSet, transform: SceneTransform, drive: Drive, device: str
    ) -> None:
        self.device, self.drive = device, drive
        first = training.uniform()
        size = (first.height, first.width)
        for sequence in training:
            shape, frames = sequence.signal("masks", NAME).bits.shape, len(sequence.frames)
            if shape != (frames, *size):
                raise BadInput(
                    sequence.id,
                    f"masks are {list(shape)}, frames are {[frames, *size]}",
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
        self.head_windows = around_boxes(head, size, HEAD_MARGIN)
        self.mouth_windows = self._mouth_windows(mouth, size)
        self._K = {
            id(windows): torch.from_numpy(windows.intrinsics(self.K)).to(device)
            for windows in (self.head_windows, self.mouth_windows)
        }
        #: How open the mouth is and how closed the eyes are, per frame in [0, 1].
        self.mouth_open = _unit_range(((bits & MASK_BITS["mouth"]) != 0).sum((1, 2)))
        self.blink = None
        if all(sequence.has("au") for sequence in training):
            self.blink = _unit_range(au_of(training)[:, -1])

    def _mouth_windows(self, mouth: np.ndarray, size: tuple[int, int]) -> Windows:
        """Windows around the mouth, at the head's own place for it while it is closed.

        The place is the mean position, relative to the projected middle of the scene, of the
        boxes that are not empty.
        """
        filled = mouth[:, 2] > mouth[:, 0]
        origin = self.viewmats[:, :3, 3].cpu().numpy()
        projected = origin[:, :2] / origin[:, 2:] * self.K[:, [0, 1], [0, 1]] + self.K[:, :2, 2]
        centres = (mouth[:, :2] + mouth[:, 2:]) / 2
        centres[~filled] = projected[~filled] + (centres - projected)[filled].mean(0)
        sides = (mouth[:, 2:] - mouth[:, :2])[filled].max(0)
        return following(centres, (float(sides[0]), float(sides[1])), size, MOUTH_MARGIN)

    def view(self, t: int, windows: Windows) -> View:
        """Frame t through its window."""
        rows, columns = windows.slices(t)
        image = self.frames[t, rows, columns].to(self.device).permute(2, 0, 1).float() / 255
        return View(
            frame=t,
            viewmat=self.viewmats[t : t + 1],
            K=self._K[id(windows)][t : t + 1],
            width=windows.width,
            height=windows.height,
            image=image,
            bits=self.bits[t, rows, columns].to(self.device),
        )

    def plate(self, t: int, windows: Windows) -> Tensor:
        """The plate of frame t through its window, float32 [3,h,w] in [0, 1]."""
        rows, columns = windows.slices(t)
        k, span = self.drive.spans.locate(t)
        plate = np.ascontiguousarray(self._plates[k][t - span.start][rows, columns])
        return torch.from_numpy(plate).to(self.device).permute(2, 0, 1).float() / 255

    def conditions(self, t: int) -> Conditions:
        """What drives frame t."""
        return self.drive.conditions(t, self.device)


def _unit_range(values: np.ndarray) -> np.ndarray:
    """Values mapped to [0, 1] by their least and greatest; zeros where they are all equal."""
    values = np.asarray(values, np.float64)
    spread = values.max() - values.min()
    return (values - values.min()) / spread if spread > 0 else np.zeros(len(values))
