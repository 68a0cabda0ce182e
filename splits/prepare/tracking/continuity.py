"""Cuts, and another person in the same place.

What a face looks like at the vertices of its mesh hardly depends on pose and expression. At a
moment after which no frame, of the same head pose, looks like any before, the person has changed:
by a cut, or by a cross-fade, which a gap between before and after skips. Whole frames are compared
likewise, whatever the pose. Light that flickers or
moves, exposure, shake and coarse coding leave the contrast of features alone; whoever turns or
puts up a hand looks again as before. `benchmarks/prepare_cuts.py` measures the margins.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from splits.prepare.geometry import EYES, FACE_OVAL, INNER_LIPS, OUTER_LIPS

#: Vertices within 3.5 mm of lids and lips on the canonical face, besides their outlines: they move
#: with every word.
_NEAR_FEATURES = np.array([
    11, 15, 22, 23, 24, 25, 26, 28, 30, 38, 41, 42, 56, 62, 73, 74, 76, 77, 85, 86, 89, 90, 96,
    110, 112, 130, 179, 180, 183, 184, 190, 243, 247, 252, 253, 254, 255, 256, 258, 260, 268, 271,
    272, 286, 292, 303, 304, 306, 307, 315, 316, 319, 320, 325, 339, 341, 359, 403, 404, 407, 408,
    414, 463, 467,
])  # fmt: skip

#: Where a face is looked at: neither lids nor lips, nor the outline.
VERTICES = np.setdiff1d(
    np.arange(468), np.concatenate([*EYES, OUTER_LIPS, INNER_LIPS, FACE_OVAL, _NEAR_FEATURES])
)

#: Standard deviations, in hundredths of a face's height, between which lies the contrast of
#: features; pixels of a side at which the whole frame is compared, and those of its contrast.
_FINE, _COARSE = 1.8, 8.0
_SIDE, _SIDE_FINE, _SIDE_COARSE = 48, 0.8, 4.0

#: Degrees of yaw and pitch within which two frames of a head are compared: a head that turns by 12
#: degrees and stays there looks as different as another person.
_NEAR = 6.0

#: Share of pairs of frames around a moment that must be comparable to judge it.
_ENOUGH = 0.3


@dataclass(frozen=True)
class ChangeRule:
    """Where a change is looked for.

    Attributes:
        before: frames on either side that are compared, at 25 a second.
        fewest: of them there must be, near the ends of a video.
        gap: frames in between that are left out.
        doubtful: distance (1 - correlation) beyond which pictures seem to be of another thing.
        unlike: distance beyond which they are.
        sudden: by how many times the step to that frame must exceed the steps around it.

    """

    before: int
    fewest: int
    gap: int
    doubtful: float
    unlike: float
    sudden: float


#: Another face in the place of one, by a cut or a cross-fade: other real people are 0.093 apart and
#: more, one person under coarse coding 0.058 at most; a long video of one person may reach more.
FACE_CHANGE = ChangeRule(50, 25, 8, 0.07, 0.09, 0.0)

#: Another picture as a whole, by a cut, also for a short while: 0.167 and more against 0.042.
SCENE_CUT = ChangeRule(12, 8, 0, 0.1, 0.1, 2.5)


def look_of(frame: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Contrast of a face's features at `VERTICES`, float32 of norm 1.

    Args:
        frame: uint8 RGB [H,W,3].
        landmarks: float [478,2], pixels.

    """
    size = float(np.linalg.norm(landmarks[10] - landmarks[152]))
    height, width = frame.shape[:2]
    low = np.clip(np.floor(landmarks.min(0) - 0.15 * size), 0, [width - 2, height - 2]).astype(int)
    high = np.clip(np.ceil(landmarks.max(0) + 0.15 * size), low + 2, [width, height]).astype(int)
    part = np.ascontiguousarray(frame[low[1] : high[1], low[0] : high[0]])
    wide, tall = np.maximum(2, np.round((high - low) * 100 / size)).astype(int).tolist()
    small = cv2.resize(part, (wide, tall), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    places = ((landmarks[VERTICES] - low) * [wide, tall] / (high - low) - 0.5).astype(np.float32)
    fine, coarse = (
        cv2.remap(
            cv2.GaussianBlur(grey, (0, 0), sigma), places[:, 0], places[:, 1],
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
        ).ravel()
        for sigma in (_FINE, _COARSE)
    )  # fmt: skip
    return _normal((fine - coarse) / (coarse + 10))


def scene_of(frame: np.ndarray) -> np.ndarray:
    """Contrast of a whole frame uint8 RGB [H,W,3], float32 of norm 1."""
    small = cv2.resize(frame, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), s) for s in (_SIDE_FINE, _SIDE_COARSE))
    return _normal(((fine - coarse) / (coarse + 10)).ravel())


def _normal(values: np.ndarray) -> np.ndarray:
    values = values - values.mean()
    return (values / max(float(np.linalg.norm(values)), 1e-6)).astype(np.float32)


def unlike(
    looks: np.ndarray, angles: np.ndarray | None, rule: ChangeRule, fps: float = 25.0
) -> np.ndarray:
    """How far the most alike pair of frames before and after each moment is apart.

    Args:
        looks: of norm 1, float [T,N].
        angles: yaw and pitch in degrees, float [T,2]; None to compare frames of any pose.
        rule: where to look.
        fps: frames per second.

    Returns:
        1 - correlation, float64 [T]; of the moment before each frame, 0 where nothing can be
        compared.

    """
    count, scale = len(looks), fps / 25
    reach, gap = round(rule.before * scale), round(rule.gap * scale)
    fewest = round(rule.fewest * scale)
    found = np.zeros(count)
    for t in range(fewest, count - fewest - gap + 1):
        a, b = slice(max(0, t - reach), t), slice(t + gap, t + gap + reach)
        apart = 1 - looks[a] @ looks[b].T
        if angles is not None:
            turned = np.abs(angles[a, None] - angles[None, b]).max(-1) <= _NEAR
            if turned.mean() < _ENOUGH:
                continue
            apart = apart[turned]
        found[t] = apart.min()
    if rule.sudden:
        steps, around = _steps(looks)
        found[steps < rule.sudden * around] = 0
    return found


def _steps(looks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The step to each frame, and the largest of four before and after it, float64 [T] each."""
    steps = np.zeros(len(looks))
    steps[1:] = 1 - np.einsum("tn,tn->t", looks[1:], looks[:-1])
    padded = np.pad(steps, 4)
    near = [padded[4 + k : 4 + k + len(steps)] for k in (-4, -3, -2, -1, 1, 2, 3, 4)]
    return steps, np.max(near, axis=0)
