"""From a subject mask to the regions of the field's `parsing/*.png`."""

from __future__ import annotations

import cv2
import numpy as np

from splits.prepare.geometry import (
    BROWS,
    EYES,
    FACE_OVAL,
    INNER_LIPS,
    OUTER_LIPS,
    HeadFrame,
    fill,
    head_zone,
)

BACKGROUND, FACE, HAIR, MOUTH, NECK, CLOTH = range(6)

#: RGB in the file, by label (AD-NeRF `data_util/face_parsing/test.py`, as TalkingGaussian
#: reads it: `scene/dataset_readers.py`).
COLOURS = np.array(
    [(255, 255, 255), (0, 0, 255), (0, 0, 0), (100, 100, 100), (0, 255, 0), (255, 0, 0)], np.uint8
)

#: Squared Mahalanobis distance within which a colour is this subject's skin.
_SKIN = 16.0


def _blank(landmarks: np.ndarray, shape: tuple[int, int], *outlines: np.ndarray) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    for outline in outlines:
        fill(mask, landmarks[outline])
    return mask


def _skin_distance(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Squared distance float32 [H,W] of every colour from this frame's facial skin, in Lab."""
    shape = image.shape[:2]
    oval = _blank(landmarks, shape, FACE_OVAL)
    features = _blank(landmarks, shape, *EYES, *BROWS, OUTER_LIPS)
    reach = max(1, round(0.03 * HeadFrame.of(landmarks).height))
    grown = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    skin = (cv2.erode(oval, grown) > 0) & (cv2.dilate(features, grown) == 0)
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    if skin.sum() < 20:
        return np.zeros(shape, np.float32)
    sample = lab[skin]
    middle = np.median(sample, axis=0)
    spread = np.cov(sample.T) + np.diag([60.0, 6.0, 6.0])  # shading, mostly of lightness
    off = lab - middle
    return np.einsum("hwi,ij,hwj->hw", off, np.linalg.inv(spread), off).astype(np.float32)


def label_regions(subject: np.ndarray, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Label every pixel: BACKGROUND, FACE, HAIR, MOUTH, NECK or CLOTH, uint8 [H,W].

    Ears are face, as in the field's files.

    Args:
        subject: bool [H,W].
        image: uint8 RGB [H,W,3].
        landmarks: float [478,2], pixels.

    """
    height, width = shape = subject.shape
    head = HeadFrame.of(landmarks)
    oval = _blank(landmarks, shape, FACE_OVAL) > 0
    above = head_zone(landmarks, height, width)
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    level = (np.stack([columns, rows], -1) - head.chin) @ head.up / head.height
    brows = ((landmarks[np.concatenate(BROWS)] - head.chin) @ head.up).max() / head.height
    is_skin = cv2.medianBlur((_skin_distance(image, landmarks) < _SKIN).astype(np.uint8), 5) > 0

    labels = np.zeros(shape, np.uint8)
    in_head = subject & above | oval
    labels[in_head] = FACE
    # Above the brows the oval may reach into the hair; beside the cheeks it never does.
    hair = in_head & ~is_skin & (~oval & (level > 0.2) | (level > brows + 0.06))
    labels[_tidy(hair)] = HAIR
    shine = (labels == FACE) & ~oval & (level > 0.2)  # light strands are skin by colour alone
    labels[shine & ~_touching(shine, oval)] = HAIR
    labels[subject & ~in_head] = CLOTH
    beside = np.abs((np.stack([columns, rows], -1) - head.chin) @ head.right) < 0.5 * head.width
    neck = subject & ~in_head & is_skin & beside & (level > -0.55)
    neck = _touching(_tidy(neck), in_head, reach=round(0.15 * head.height))
    # The jaw's shadow on the neck is not skin by colour; whatever lies above neck is neck.
    below = np.logical_or.accumulate(neck[::-1], axis=0)[::-1]
    labels[below & (labels == CLOTH) & (level > -0.4)] = NECK
    labels[neck] = NECK
    labels[_blank(landmarks, shape, INNER_LIPS) > 0] = MOUTH
    return labels


def _tidy(region: np.ndarray) -> np.ndarray:
    """Without specks and pinholes; never grows beyond a pixel's neighbourhood."""
    return (cv2.medianBlur(region.astype(np.uint8), 5) > 0) & region


def _touching(region: np.ndarray, anchor: np.ndarray, reach: int = 2) -> np.ndarray:
    """Only those parts of `region` that come within `reach` pixels of `anchor`."""
    _, parts = cv2.connectedComponents(region.astype(np.uint8))
    border = cv2.dilate(anchor.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
    return region & np.isin(parts, np.unique(parts[border & region]))
