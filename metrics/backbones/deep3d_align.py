"""Deep3DFaceRecon's crop of a face: scaled and shifted until five points fit a standard face.

Equal to sicxu/Deep3DFaceRecon_pytorch util/preprocess.py (`align_img`) after test.py
(`read_data`), with its standard face from util/load_mats.py, down to where it rounds: landmarks
to single precision, sizes and corners towards zero.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.contracts import BadInput

#: Side of the crop in pixels.
SIZE = 224
#: The standard face's scale is brought to 1 / this many pixels.
RESCALE = 102.0
#: Frames are not resized to more pixels than this: such landmarks are no face.
MOST_PIXELS = 1 << 26
#: iBUG landmarks, from 0, whose means are the eyes, the nose tip and the corners of the mouth.
POINTS = ((36, 39), (42, 45), (30,), (48,), (54,))


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Left eye, right eye, nose, left and right mouth corner [5,D] of 68 landmarks [68,D].

    An eye is the middle of its corners; left is the image's left.
    """
    return np.stack([landmarks[list(indices)].mean(0) for indices in POINTS])


def standard_face(path: Path) -> np.ndarray:
    """The five points float64 [5,3] of similarity_Lm3D_all.mat.

    Raises:
        BadInput: the file is not it.

    """
    from scipy.io import loadmat

    cure = "Use BFM/similarity_Lm3D_all.mat of the Deep3DFaceRecon_pytorch repository."
    try:
        landmarks = loadmat(path)["lm"]
    except KeyError as error:
        raise BadInput(path, "it has no array `lm`", cure) from error
    except Exception as error:
        raise BadInput(path, f"it is not a MATLAB file ({type(error).__name__})", cure) from error
    if landmarks.shape != (68, 3):
        raise BadInput(path, f"`lm` is {list(landmarks.shape)}, not [68, 3]", cure)
    return five_points(landmarks.astype(np.float64))


def fit(points: np.ndarray, standard: np.ndarray) -> tuple[float, float, float]:
    """Translation and scale of the standard face in the image, by least squares.

    Each image axis is an affine map of the standard face's three; the scale is the mean length
    of the two rows. Five points leave one degree of freedom per axis to the residual.

    Args:
        points: float [5,2], pixels, x right, y up.
        standard: float [5,3].

    Returns:
        x and y of the standard face's origin, and pixels per unit.

    """
    affine = np.concatenate([standard, np.ones((len(standard), 1))], 1)
    solved = np.linalg.lstsq(affine, points.astype(np.float64), rcond=None)[0]
    scale = np.linalg.norm(solved[:3], axis=0).mean()
    return float(solved[3, 0]), float(solved[3, 1]), float(scale)


def align(frame: np.ndarray, landmarks: np.ndarray, standard: np.ndarray) -> np.ndarray | None:
    """The aligned face, as the network wants it.

    Args:
        frame: uint8 RGB [H,W,3].
        landmarks: float [68,2], pixels, x right, y down, 0 for the first pixel's centre, as
            face-alignment gives them.
        standard: float [5,3] of `standard_face`.

    Returns:
        uint8 [224,224,3], bicubic, black outside the frame; or None where the landmarks are no
        face that could be cropped.

    """
    from PIL import Image

    height, width = frame.shape[:2]
    points = landmarks.astype(np.float32)
    points[:, 1] = height - 1 - points[:, 1]
    x, y, extent = fit(five_points(points), standard)
    if not np.isfinite([x, y, extent]).all() or extent <= 0:
        return None
    scale = RESCALE / extent
    w, h = width * scale, height * scale
    if min(w, h) < 1 or w * h > MOST_PIXELS:
        return None
    w, h = int(w), int(h)
    left = int(w / 2 - SIZE / 2 + (x - width / 2) * scale)
    top = int(h / 2 - SIZE / 2 + (height / 2 - y) * scale)
    resized = Image.fromarray(frame).resize((w, h), Image.Resampling.BICUBIC)
    return np.asarray(resized.crop((left, top, left + SIZE, top + SIZE)))
