"""What is behind the head: one background plate, and a torso plate per frame.

A rendered head is composited over these, so wherever the head is not, torso over
background must give back the true frame exactly; and behind the head's soft rim it must
look like neck and wall, not like a second head.
"""

from __future__ import annotations

import cv2
import numpy as np

from splits.prepare.regions import BACKGROUND, CLOTH, FACE, HAIR, MOUTH, NECK

_HEAD = (FACE, HAIR, MOUTH)

#: A background pixel counts as known when that many of the sampled frames show it.
_SIGHTINGS = 3

#: At a height of 512 the field extends the neck 48 rows upwards and the clothes 8, starting
#: 4 rows below the edge, 2% darker each row (ER-NeRF `data_utils/process.py`).
_NECK_ROWS, _CLOTH_ROWS, _PUSH_DOWN, _DARKEN = 48 / 512, 8 / 512, 4 / 512, 0.98


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)


def rim(height: int) -> int:
    """How many pixels beyond its mask a subject may still colour the image."""
    return max(2, round(0.012 * height))


def widen(subject: np.ndarray) -> np.ndarray:
    """The subject with that rim, bool [H,W]; outside it the frame is background for sure."""
    return cv2.dilate(subject.astype(np.uint8), _disc(rim(subject.shape[0]))) > 0


def edge(subject: np.ndarray) -> np.ndarray:
    """The pixels of a mask that touch its outside, bool [H,W]."""
    inside = cv2.erode(subject.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return subject & ~inside


def background_plate(frames: np.ndarray, subjects: np.ndarray) -> tuple[np.ndarray, float]:
    """The scene without the subject: the median over frames that show it, in-painted elsewhere.

    Args:
        frames: uint8 RGB [N,H,W,3], a sample of the sequence.
        subjects: bool [N,H,W].

    Returns:
        uint8 RGB [H,W,3], and the share of pixels that some frame showed.

    """
    hidden = np.stack([widen(p) for p in subjects])
    plate: np.ndarray = np.zeros(frames.shape[1:], np.uint8)
    for row in range(frames.shape[1]):  # one row at a time: a median needs a float copy
        values = np.where(hidden[:, row, :, None], np.nan, frames[:, row].astype(np.float32))
        ordered = np.sort(values, axis=0)  # NaN goes last
        seen = (~hidden[:, row]).sum(0)
        pick = np.maximum(seen - 1, 0) // 2
        plate[row] = np.nan_to_num(np.take_along_axis(ordered, pick[None, :, None], 0)[0])
    known = (~hidden).sum(0) >= min(_SIGHTINGS, len(frames))
    unknown = (~known).astype(np.uint8)
    if known.any() and unknown.any():
        plate = cv2.inpaint(plate, unknown, 3, cv2.INPAINT_TELEA)
    return plate, float(known.mean())


def without_noise(frame: np.ndarray, subject: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The frame as the field's `gt_imgs` have it: the plate wherever the subject is not."""
    return np.where(widen(subject)[..., None], frame, background)


def torso_plate(truth: np.ndarray, labels: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The torso alone, uint8 RGBA [H,W,4], continued upwards a little behind the head.

    Alpha is 255 or 0; over `background` it equals `truth` outside the head and its rim.
    """
    head = np.isin(labels, _HEAD)
    torso = np.isin(labels, (NECK, CLOTH))
    subject = head | torso
    # The rim outside the mask goes to whichever part of the subject is nearer.
    to_torso = cv2.distanceTransform((~torso).astype(np.uint8), cv2.DIST_L2, 3)
    to_head = cv2.distanceTransform((~head).astype(np.uint8), cv2.DIST_L2, 3)
    solid = torso | (widen(subject) & (labels == BACKGROUND) & (to_torso < to_head))
    image, filled = truth.copy(), solid.copy()
    height = len(labels)
    for part, share in ((CLOTH, _CLOTH_ROWS), (NECK, _NECK_ROWS)):
        _extend_up(image, filled, labels == part, head, share * height, _PUSH_DOWN * height)
    grown = filled & ~solid
    soft = cv2.GaussianBlur(np.where(filled[..., None], image, background), (5, 5), 0)
    image[grown] = soft[grown]
    alpha = np.where(filled, 255, 0).astype(np.uint8)
    return np.dstack([np.where(filled[..., None], image, 0), alpha])


def _extend_up(
    image: np.ndarray,
    filled: np.ndarray,
    part: np.ndarray,
    head: np.ndarray,
    rows: float,
    push: float,
) -> None:
    """Continue each column of `part` upwards behind `head`, in place, ever darker.

    The colour is taken a little below the edge, where it is not yet the jaw's shadow.
    """
    for column in np.flatnonzero(part.any(0)):
        top = int(np.argmax(part[:, column]))
        if top == 0 or not head[top - 1, column]:
            continue
        stop = max(0, top - round(rows) - 1)
        covered = np.arange(top - 1, stop - 1, -1)
        covered = covered[np.logical_and.accumulate(head[covered, column])]
        source = min(top + max(1, round(push)), len(part) - 1)
        source = source if part[source, column] else top
        shade = _DARKEN ** np.arange(1, len(covered) + 1)[:, None]
        image[covered, column] = image[source, column] * shade
        filled[covered, column] = True


def composite(torso: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Torso RGBA over the background, uint8 RGB [H,W,3], as TalkingGaussian composes it."""
    alpha = torso[..., 3:].astype(np.uint16)
    mixed = torso[..., :3] * alpha + background.astype(np.uint16) * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def put_together(
    truth: np.ndarray, torso: np.ndarray, labels: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """The ground truth that methods are scored against: head over torso over plate.

    Args:
        truth: uint8 RGB [H,W,3], of which the head with its rim is taken.
        torso: uint8 RGBA [H,W,4].
        labels: of `label_regions`, uint8 [H,W].
        background: uint8 RGB [H,W,3].

    """
    head = widen(np.isin(labels, _HEAD))
    return np.where(head[..., None], truth, composite(torso, background))
