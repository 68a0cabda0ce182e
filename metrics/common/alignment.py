"""Face crops for networks: five points onto ArcFace's template, and the box that hsemotion takes.

Frames are uint8 RGB [H,W,3]; landmarks are MediaPipe's 478, in pixels with centres at +0.5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metrics.common.faces import Faces

#: Where eyes, nose and mouth corners stand in a crop of 112 pixels, in pixel indices
#: (insightface python-package/insightface/utils/face_align.py, `arcface_dst`).
ARCFACE_TEMPLATE = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
ARCFACE_SIZE = 112
#: The same five of MediaPipe's landmarks, from the left of the image: the iris centres, the
#: nose tip, the corners of the mouth.
MP_FIVE = (468, 473, 1, 61, 291)

Cut = Callable[[np.ndarray, np.ndarray], np.ndarray | None]


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """ArcFace's five points of MediaPipe landmarks float [478,2], in pixel indices, [5,2]."""
    return np.asarray(landmarks, np.float64)[list(MP_FIVE)] - 0.5


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The rotation, scale and shift that bring points nearest to others, in least squares.

    Umeyama (1991), equations 40-42; never a reflection. insightface asks scikit-image's
    `SimilarityTransform` for the same. From points float [n,2] to points float [n,2]: float64
    [2,3], to be applied to (x, y, 1); NaN where the source is a single point.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    from_mean, to_mean = source.mean(0), target.mean(0)
    centred = source - from_mean
    spread = np.square(centred).sum() / len(source)
    if not spread > 0:
        return np.full((2, 3), np.nan)
    left, values, right = np.linalg.svd((target - to_mean).T @ centred / len(source))
    signs = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    linear = (values * signs).sum() / spread * (left * signs) @ right
    return np.column_stack([linear, to_mean - linear @ from_mean])


def warp(frame: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """A frame uint8 [H,W,3] through a transform, as `cv2.warpAffine` with its default flags.

    Bilinear without anti-aliasing, black outside the frame. OpenCV 4 rounds source positions to
    1/32 of a pixel; this and OpenCV 5 do not. Photographs differ by 0.06 levels on average and
    by 3 at most from OpenCV 4.14. The matrix float [2,3] leads from pixel indices of the frame
    to those of the result, uint8 [size,size,3].
    """
    height, width = frame.shape[:2]
    back = np.linalg.inv(np.vstack([matrix, (0.0, 0.0, 1.0)]))[:2]
    y, x = np.mgrid[:size, :size]
    places = np.stack([x, y, np.ones_like(x)], -1) @ back.T
    corner = np.floor(places).astype(np.int64)
    far = places - corner
    total = np.zeros((size, size, 3))
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        column, row = corner[..., 0] + dx, corner[..., 1] + dy
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        share = (far[..., 0] if dx else 1 - far[..., 0]) * (far[..., 1] if dy else 1 - far[..., 1])
        pixels = frame[row.clip(0, height - 1), column.clip(0, width - 1)]
        total += np.where(inside, share, 0.0)[..., None] * pixels
    return np.rint(total).astype(np.uint8)


def arcface_crop(frame: np.ndarray, landmarks: np.ndarray) -> np.ndarray | None:
    """A face as ArcFace wants it, uint8 RGB [112,112,3]; None where the points coincide."""
    matrix = similarity(five_points(landmarks), ARCFACE_TEMPLATE)
    if not np.isfinite(matrix).all() or np.linalg.det(matrix[:, :2]) < 1e-12:
        return None
    return warp(frame, matrix, ARCFACE_SIZE)


def box_crop(frame: np.ndarray, landmarks: np.ndarray, size: int) -> np.ndarray | None:
    """The bounding box of landmarks float [P,2], squeezed to a square uint8 [size,size,3].

    The box has no margin, is cut at the edges of the frame uint8 [H,W,3] and truncated to whole
    pixels, and its aspect is not kept (hsemotion-onnx demo/recognize_emotions_video.py). Pillow's
    bilinear filter, which averages over all source pixels when it reduces. None where the box
    holds no pixel of the frame.
    """
    from PIL import Image

    x1, y1 = landmarks.min(0).clip(0).astype(int)
    x2, y2 = landmarks.max(0).clip(0).astype(int)
    face = frame[y1:y2, x1:x2]
    if not face.size:
        return None
    return np.asarray(Image.fromarray(face).resize((size, size), Image.Resampling.BILINEAR))


def crops(frames: np.ndarray, found: Faces, cut: Cut) -> tuple[np.ndarray, np.ndarray]:
    """Crops of the faces found in a batch of frames uint8 RGB [B,H,W,3].

    `cut` makes a crop, or None, of a frame and its landmarks. Returns int64 [n], the frames that
    have a crop, and the crops uint8 [n,S,S,3].
    """
    places = np.flatnonzero(found.found).tolist()
    cuts = [(i, cut(frames[i], found.landmarks[i])) for i in places]
    kept = [(i, crop) for i, crop in cuts if crop is not None]
    if not kept:
        return np.zeros(0, np.int64), np.zeros((0, 1, 1, 3), np.uint8)
    return np.array([i for i, _ in kept], np.int64), np.stack([crop for _, crop in kept])
