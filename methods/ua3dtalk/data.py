"""A training part as tensors: bytes of frames and masks, cameras, and each frame's drive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.contracts import MASK_BITS, ActionUnits, BadInput, Priors, Sequence
from methods.ua3dtalk.audio_windows import frame_window
from methods.ua3dtalk.field import AU_NAMES, Conditions
from methods.ua3dtalk.scene import SceneTransform, boxes
from methods.ua3dtalk.windows import Windows, around_boxes, following

NAME = "ua3dtalk"
GREEN = (0.0, 1.0, 0.0)
BLINK_LIMIT = 2.0
HEAD_MARGIN, MOUTH_MARGIN = 6, 4


@dataclass(frozen=True)
class Drive:
    """What drives the fields at every frame of a part.

    Attributes:
        audio: float32 [T,16,29].
        priors: content, style, emotion; None where all their modules are off.
        au: float32 [T,6] in the order of `AU_NAMES`, or None.

    """

    audio: np.ndarray
    priors: Priors | None
    au: np.ndarray | None

    def conditions(self, t: int, device: str) -> Conditions:
        """Conditions of frame t."""

        def tensor(values: np.ndarray | None) -> Tensor | None:
            return None if values is None else torch.from_numpy(values).to(device)

        priors = self.priors
        return Conditions(
            audio=tensor(frame_window(self.audio, t)),
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
    """The training part, held as bytes; floats exist for one step's window only.

    Args:
        sequence: the training part.
        transform: into scene units.
        drive: what drives each frame.
        device: where steps compute.

    """

    def __init__(
        self, sequence: Sequence, transform: SceneTransform, drive: Drive, device: str
    ) -> None:
        self.device, self.count, self.drive = device, len(sequence.frames), drive
        camera = sequence.signal("camera", NAME)
        self.sequence = sequence
        self.frames = torch.from_numpy(sequence.frames.stack(range(self.count)))
        bits = np.array(sequence.signal("masks", NAME).bits)
        if bits.shape != (self.count, sequence.height, sequence.width):
            raise BadInput(
                sequence.id,
                f"masks are {list(bits.shape)}, frames are "
                f"{[self.count, sequence.height, sequence.width]}",
                "Prepare the masks again.",
            )
        self.bits = torch.from_numpy(bits)
        self.viewmats = torch.from_numpy(transform.viewmats(camera.world_to_camera)).to(device)
        self.K = np.asarray(camera.K, np.float32)

        size = (sequence.height, sequence.width)
        head, mouth = boxes(bits, MASK_BITS["head"]), boxes(bits, MASK_BITS["mouth"])
        if not (mouth[:, 2] > mouth[:, 0]).any():
            raise BadInput(
                sequence.id, "no frame shows the inside of the mouth", "Prepare the masks again."
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
        if sequence.has("au"):
            self.blink = _unit_range(au_matrix(sequence.signal("au", NAME))[:, -1])

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
        plate = torch.from_numpy(
            np.ascontiguousarray(self.sequence.signal("plate", NAME)[t][rows, columns])
        )
        return plate.to(self.device).permute(2, 0, 1).float() / 255

    def conditions(self, t: int) -> Conditions:
        """What drives frame t."""
        return self.drive.conditions(t, self.device)


def _unit_range(values: np.ndarray) -> np.ndarray:
    """Values mapped to [0, 1] by their least and greatest; zeros where they are all equal."""
    values = np.asarray(values, np.float64)
    spread = values.max() - values.min()
    return (values - values.min()) / spread if spread > 0 else np.zeros(len(values))
