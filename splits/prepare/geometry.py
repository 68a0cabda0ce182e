"""What landmarks say about where things are: head axes, outlines, alignment between frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from splits.prepare.pose import RIGID_VERTICES

#: Closed outline of the face, from the hairline clockwise (MediaPipe `FACE_OVAL`).
FACE_OVAL = np.array([
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
])  # fmt: skip

#: The lower part of that outline, from the subject's left jaw angle to the right one.
JAW = np.array([288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58])

#: Closed inner outline of the lips (MediaPipe `LIPS`): what lies inside is the mouth.
INNER_LIPS = np.array([
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
])  # fmt: skip

OUTER_LIPS = np.array([
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
])  # fmt: skip

EYES = (
    np.array([33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7]),
    np.array([263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249]),
)

BROWS = (
    np.array([70, 63, 105, 66, 107, 55, 65, 52, 53, 46]),
    np.array([300, 293, 334, 296, 336, 285, 295, 282, 283, 276]),
)

#: Fixed-point fraction for anti-alias-free but sub-pixel OpenCV drawing.
_SHIFT = 4


@dataclass(frozen=True)
class HeadFrame:
    """Axes and size of a face in an image, pixels."""

    up: np.ndarray  # unit vector from chin to forehead
    right: np.ndarray  # unit vector to the image's right
    chin: np.ndarray
    top: np.ndarray  # middle of the hairline
    height: float  # chin to hairline
    width: float  # between the ears

    @classmethod
    def of(cls, landmarks: np.ndarray) -> HeadFrame:
        """Axes of one face, landmarks float [478,2]."""
        axis = landmarks[10] - landmarks[152]
        height = float(np.linalg.norm(axis))
        up = axis / height
        right = np.array([-up[1], up[0]])
        return cls(
            up=up,
            right=right,
            chin=landmarks[152],
            top=landmarks[10],
            height=height,
            width=float(np.linalg.norm(landmarks[454] - landmarks[234])),
        )

    def at(self, origin: np.ndarray, right: float, up: float) -> np.ndarray:
        """The point `right` widths and `up` heights away from `origin`."""
        return origin + right * self.width * self.right + up * self.height * self.up


def fill(mask: np.ndarray, polygon: np.ndarray, value: int = 1) -> np.ndarray:
    """Draw a filled polygon float [P,2] (pixel centres at +0.5) into uint8 [H,W], in place."""
    points = np.round((np.asarray(polygon) - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [points], int(value), cv2.LINE_8, _SHIFT)
    return mask


def fill_ellipse(
    mask: np.ndarray, head: HeadFrame, centre: np.ndarray, across: float, along: float, value: int
) -> np.ndarray:
    """Draw a filled ellipse along the head's axes; `across`, `along` are half axes in pixels."""
    turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    outline = (
        centre
        + across * np.cos(turn)[:, None] * head.right
        + along * np.sin(turn)[:, None] * head.up
    )
    return fill(mask, outline, value)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The 2x3 rotation, scale and shift that best takes `source` landmarks to `target`.

    Least squares on the points that do not move with speech (Umeyama 1991, in the plane).
    """
    a, b = source[RIGID_VERTICES].astype(np.float64), target[RIGID_VERTICES].astype(np.float64)
    mean_a, mean_b = a.mean(0), b.mean(0)
    za = (a - mean_a) @ np.array([1, 1j])
    zb = (b - mean_b) @ np.array([1, 1j])
    turn = (za.conj() @ zb) / (za.conj() @ za)
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.hstack([matrix, (mean_b - matrix @ mean_a)[:, None]])


def warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Move a float32 [H,W] map by a 2x3 `matrix` (pixel centres at +0.5) into `size` (H, W)."""
    shift = matrix.copy()
    shift[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return cv2.warpAffine(image, shift, (size[1], size[0]), flags=cv2.INTER_LINEAR)


def head_zone(landmarks: np.ndarray, height: int, width: int) -> np.ndarray:
    """Everything above the jaw line, bool [H,W]: what of the subject there is head.

    The jaw is followed a little outside the landmarks (they run inside the silhouette);
    beyond the jaw angles the line goes out level with the head. Hair below it counts as
    clothing, since it lies on the shoulders and does not follow the head.
    """
    head = HeadFrame.of(landmarks)
    centre = landmarks[JAW].mean(0) + 0.25 * head.height * head.up
    jaw = landmarks[JAW]
    outward = jaw - centre
    jaw = jaw + 0.02 * head.height * outward / np.linalg.norm(outward, axis=1, keepdims=True)
    far = 4 * max(height, width)
    zone = np.zeros((height, width), np.uint8)
    fill(
        zone,
        np.concatenate([
            jaw,
            [jaw[-1] - far * head.right, jaw[-1] - far * head.right + far * head.up],
            [jaw[0] + far * head.right + far * head.up, jaw[0] + far * head.right],
        ]),
    )  # fmt: skip
    return zone.astype(bool)
