"""Subject masks without learned weights: GrabCut, seeded by landmarks, voted over time.

Colours alone confuse dark hair with a dark background now and then, in single frames. So a
first pass over a few frames learns where the subject usually is, once in coordinates that
move with the head and once in those of the image (the torso); that memory seeds GrabCut
in every frame; and a last vote of neighbouring frames, head-aligned above the jaw, removes
what flickers. Source: Rother, Kolmogorov, Blake, "GrabCut", SIGGRAPH 2004, as in OpenCV.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from splits.prepare.geometry import (
    FACE_OVAL,
    HeadFrame,
    fill,
    fill_ellipse,
    head_zone,
    similarity,
    warp,
)

#: GrabCut runs on images of at most this many pixels a side: finer costs time and
#: follows compression noise rather than the outline.
WORKING_SIZE = 192

#: Frames that vote on each mask (on either side), and frames that fill the memory.
_NEIGHBOURS = 2
_KEYFRAMES = 48

#: Reads frame t as uint8 RGB [H,W,3].
FrameReader = Callable[[int], np.ndarray]


def working_scale(height: int, width: int) -> float:
    """Factor from full resolution to that of the masks, at most 1."""
    return min(1.0, WORKING_SIZE / max(height, width))


def _shrink(frame: np.ndarray) -> np.ndarray:
    scale = working_scale(*frame.shape[:2])
    size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def _seed_by_landmarks(landmarks: np.ndarray, height: int, width: int) -> np.ndarray:
    """GrabCut labels uint8 [H,W] from a face alone: proportions of an upright bust."""
    head = HeadFrame.of(landmarks)
    seed = np.full((height, width), cv2.GC_BGD, np.uint8)
    far = 2 * max(height, width)
    chin = head.chin
    shoulders = [
        head.at(chin, -0.5, 0.25), head.at(chin, 0.5, 0.25), head.at(chin, 1.5, -0.05),
        *(chin + np.array([[far, 0], [far, far], [-far, far], [-far, 0]])),
        head.at(chin, -1.5, -0.05),
    ]  # fmt: skip
    fill(seed, np.array(shoulders), cv2.GC_PR_BGD)
    middle = head.at((head.top + chin) / 2, 0, 0.16)
    fill_ellipse(seed, head, middle, 0.80 * head.width, 0.88 * head.height, cv2.GC_PR_BGD)
    fill_ellipse(seed, head, middle, 0.62 * head.width, 0.72 * head.height, cv2.GC_PR_FGD)
    # Shoulders fall to about 0.4 face heights below the chin at a face width to the side.
    bust = [(0.35, 0.1), (0.42, -0.05), (0.8, -0.22), (1.5, -0.45), (1.6, -4.0)]
    core = [(0.2, 0.0), (0.3, -0.3), (0.8, -0.45), (0.9, -0.7), (0.9, -4.0)]
    for outline, label in ((bust, cv2.GC_PR_FGD), (core, cv2.GC_FGD)):
        half = [head.at(chin, *p) for p in outline]
        other = [head.at(chin, -p[0], p[1]) for p in reversed(outline)]
        fill(seed, np.array(half + other), label)
    fill(seed, landmarks[FACE_OVAL], cv2.GC_FGD)
    return seed


def _seed_by_memory(usual: np.ndarray, landmarks: np.ndarray, pixels: int) -> np.ndarray:
    """GrabCut labels from how often (0..1) each pixel was subject, with a doubtful rim."""
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1,) * 2)
    seed = np.full(usual.shape, cv2.GC_BGD, np.uint8)
    seed[cv2.dilate((usual > 0.25).astype(np.uint8), rim) > 0] = cv2.GC_PR_BGD
    seed[usual > 0.5] = cv2.GC_PR_FGD
    seed[cv2.erode((usual > 0.85).astype(np.uint8), rim) > 0] = cv2.GC_FGD
    fill(seed, landmarks[FACE_OVAL], cv2.GC_FGD)
    return seed


def _grab_cut(image: np.ndarray, seed: np.ndarray, rounds: int) -> np.ndarray:
    """One GrabCut; float32 [H,W], 1 where the subject is. Repeatable in any thread."""
    if not (seed == cv2.GC_BGD).any() and not (seed == cv2.GC_PR_BGD).any():
        return np.ones(seed.shape, np.float32)
    cv2.setRNGSeed(0)  # its k-means draws from a generator of the calling thread
    labels, back, fore = seed.copy(), np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image, labels, None, back, fore, rounds, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]  # no box
    subject = (labels & 1).astype(np.uint8)
    return connected(subject, seed == cv2.GC_FGD).astype(np.float32)


def connected(subject: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Only the parts that touch `core`, with their holes filled."""
    _, parts = cv2.connectedComponents(subject, connectivity=4)
    keep = np.isin(parts, np.unique(parts[core & (subject > 0)])) & (subject > 0)
    _, outside = cv2.connectedComponents((~keep).astype(np.uint8), connectivity=4)
    border = np.unique(np.concatenate([outside[0], outside[:, 0], outside[:, -1]]))
    return keep | ~np.isin(outside, border[border > 0]) & (outside > 0)


def subject_masks(
    read: FrameReader,
    landmarks: np.ndarray,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """How surely each pixel is subject, uint8 [T,h,w] (0..255), at working resolution.

    Args:
        read: gives frame t, uint8 RGB [H,W,3].
        landmarks: float [T,478,2], pixels of the full frames.
        tick: called with (done, total) frames.

    """
    count = len(landmarks)
    first = read(0)
    points = landmarks.astype(np.float64) * working_scale(*first.shape[:2])
    height, width = _shrink(first).shape[:2]
    size = (height, width)
    home = points.mean(0)
    rim = max(2, round(0.035 * HeadFrame.of(home).height * 2))
    keys = np.unique(np.linspace(0, count - 1, min(_KEYFRAMES, count)).round().astype(int))

    def by_landmarks(t: int) -> np.ndarray:
        seed = _seed_by_landmarks(points[t], height, width)
        return _grab_cut(_shrink(read(t)), seed, rounds=4)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        guesses = list(pool.map(by_landmarks, keys))
        with_head = np.mean(
            [warp(guess, similarity(points[t], home), size)
             for t, guess in zip(keys, guesses, strict=True)],
            axis=0,
        )  # fmt: skip
        with_image = np.mean(guesses, axis=0)

        def by_memory(t: int) -> np.ndarray:
            above = head_zone(points[t], height, width)
            usual = np.where(above, warp(with_head, similarity(home, points[t]), size), with_image)
            seed = _seed_by_memory(usual.astype(np.float32), points[t], rim)
            return (_grab_cut(_shrink(read(t)), seed, rounds=2) > 0).astype(np.uint8)

        masks = np.empty((count, height, width), np.uint8)
        for t, mask in enumerate(pool.map(by_memory, range(count))):
            masks[t] = mask
            tick(t + 1, count)
        votes = np.empty_like(masks)

        def vote(t: int) -> None:
            near = range(max(0, t - _NEIGHBOURS), min(count, t + _NEIGHBOURS + 1))
            still = np.mean([masks[s] for s in near], axis=0, dtype=np.float32)
            moved = np.mean(
                [warp(masks[s].astype(np.float32), similarity(points[s], points[t]), size)
                 for s in near], axis=0,
            )  # fmt: skip
            fused = np.where(head_zone(points[t], height, width), moved, still)
            votes[t] = np.round(255 * cv2.GaussianBlur(fused.astype(np.float32), (0, 0), 0.8))

        list(pool.map(vote, range(count)))
    return votes
