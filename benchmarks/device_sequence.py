"""A sequence for timings, made in seconds: the cloud of `splatting_scene`, nodding and talking.

Its frames teach nothing; sizes, signals and lengths are those of a real one.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.splatting_scene import camera, head_scene
from harness.contracts import (
    ActionUnits,
    Camera,
    EmotionTrack,
    Expression,
    FrameSource,
    Masks,
    Sequence,
)
from methods.gaussians.rasterize import rasterize

FPS, SAMPLE_RATE = 25.0, 16_000
#: Height, from the top, above which the cloud counts as hair, as a part of the frame.
HAIR_ABOVE = 0.2


def cloud_sequence(size: int, count: int, device: str) -> Sequence:
    """A sequence of `count` frames of `size` pixels a side, ten elevenths of it for training."""
    seconds = np.arange(count) / FPS
    opening = np.clip(0.5 + 0.6 * np.sin(2 * np.pi * 1.9 * seconds), 0, 1)
    closed = np.exp(-(((seconds % 1.7) - 0.6) ** 2) / 0.004)
    poses = [camera(size, 0.2 * float(np.sin(second))) for second in seconds]
    scene = [each.to(device) for each in head_scene(3000)]
    frames, bits, landmarks = [], [], []
    with torch.no_grad():
        for (view, K), wide in zip(poses, opening, strict=True):
            image, alpha, _ = rasterize(*scene, view.to(device), K.to(device), size, size)
            inside = alpha[0, ..., 0].cpu().numpy() > 0.5
            frames.append((image[0].clamp(0, 1) * 255).byte().cpu().numpy())
            bits.append(_mask(inside, float(wide)))
            landmarks.append(_landmarks(size, float(wide)))
    samples = np.arange(round(count / FPS * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.interp(samples, seconds, opening) * np.sin(2 * np.pi * 220 * samples)
    noise = np.random.default_rng(0).normal(size=len(samples))
    expression = np.zeros((count, 24), np.float32)
    expression[:, 18], expression[:, 19] = 5 * opening, 5 * closed
    plate, cut = np.full((size, size, 3), 128, np.uint8), count * 10 // 11
    return Sequence(
        "cloud",
        "nobody",
        FPS,
        (0.3 * sound + 0.002 * noise).astype(np.float32),
        FrameSource.of(np.stack(frames)),
        range(cut),
        range(cut, count),
        domain="synthetic",
        digest=f"cloud-{size}-{count}",
        signals={
            "camera": Camera(
                np.stack([K[0].numpy() for _, K in poses]),
                np.stack([view[0].numpy() for view, _ in poses]),
            ),
            "masks": Masks(np.stack(bits)),
            "plate": FrameSource(lambda _: plate, count, size, size),
            "landmarks": np.stack(landmarks),
            "expression": Expression(expression, "synthetic"),
            "au": ActionUnits(expression[:, 18:20], ("AU26", "AU45")),
            "emotion": EmotionTrack(np.zeros(count, np.int64), np.ones(count, np.int64)),
        },
    )


def _lips(opening: float) -> tuple[float, float, float, float]:
    """The inside of the mouth as an ellipse: its middle and half axes, in parts of the frame."""
    return 0.5, 0.6, 0.08, 0.02 + 0.04 * opening


def _mask(inside: np.ndarray, opening: float) -> np.ndarray:
    """Bits of the masks [S,S]: head and face where the cloud is, hair on top, a mouth amid it."""
    size = len(inside)
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    middle, height, wide, high = _lips(opening)
    mouth = inside & (((x - middle) / wide) ** 2 + ((y - height) / high) ** 2 < 1)
    hair = inside & (y < HAIR_ABOVE)
    return (inside * 1 + (inside & ~mouth) * 2 + hair * 4 + mouth * 8).astype(np.uint8)


def _landmarks(size: int, opening: float) -> np.ndarray:
    """68 points in iBUG's order, float32 [68,2], pixels: the lips around the mouth, the rest still.

    The rest (outline, brows, nose, eyes) lie on a circle around the face: nothing reads them.
    """
    middle, height, wide, high = _lips(opening)

    def ring(count: int, across: float, down: float, up: float) -> np.ndarray:
        angles = np.pi + 2 * np.pi * np.arange(count) / count
        return np.stack([middle + across * np.cos(angles), up + down * np.sin(angles)], -1)

    outer, inner = ring(12, 1.2 * wide, 1.4 * high, height), ring(8, wide, high, height)
    points = np.concatenate([ring(48, 0.2, 0.2, 0.4), outer, inner])
    return (size * points).astype(np.float32)
