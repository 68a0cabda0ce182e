"""A tiny recording for tests: a bright disc that moves with the loudness of its sound."""

from __future__ import annotations

import numpy as np

from harness.contracts import (
    MASK_BITS,
    ActionUnits,
    Camera,
    EmotionTrack,
    Expression,
    FrameSource,
    Masks,
    Sequence,
    SequenceEntry,
    SplitManifest,
)

FPS = 25.0


def manifest(**changes) -> SplitManifest:
    facts = {
        "id": "toy",
        "version": 1,
        "loader": "toy",
        "domain": "synthetic",
        "fps": FPS,
        "resolution": (24, 24),
        "sequences": (SequenceEntry("toy/a", "a"),),
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "protocol": "none",
    }
    return SplitManifest(**{**facts, **changes})


def sequence(count: int = 44, size: int = 24, seed: int = 0, **changes) -> Sequence:
    rng = np.random.default_rng(seed)
    loudness = np.abs(np.sin(np.arange(count) / 3.0)).astype(np.float32)
    samples = round(count * 16_000 / FPS)
    envelope = np.interp(np.arange(samples), np.linspace(0, samples, count), loudness)
    audio = (0.3 * envelope * rng.standard_normal(samples)).astype(np.float32)
    y, x = np.mgrid[:size, :size]
    plate = np.full((size, size, 3), 60, np.uint8)
    frames = np.repeat(plate[None], count, 0).copy()
    bits = np.zeros((count, size, size), np.uint8)
    for t in range(count):
        inside = (x - size / 2) ** 2 + (y - size / 2 - 3 * loudness[t]) ** 2 < (size / 4) ** 2
        frames[t][inside] = (200, 150, 120)
        bits[t][inside] = MASK_BITS["head"] | MASK_BITS["face"]
    K = np.tile(
        np.array([[50, 0, size / 2], [0, 50, size / 2], [0, 0, 1]], np.float32), (count, 1, 1)
    )
    pose = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    pose[:, 2, 3] = 1.0
    landmarks = rng.uniform(4, size - 4, (1, 68, 2)) + loudness[:, None, None]
    train = round(count * 10 / 11)
    facts = {
        "id": "toy/a",
        "subject": "a",
        "fps": FPS,
        "audio": audio,
        "frames": FrameSource.of(frames),
        "train": range(train),
        "test": range(train, count),
        "domain": "synthetic",
        "digest": f"toy-{count}-{size}-{seed}",
        "signals": {
            "camera": Camera(K, pose),
            "masks": Masks(bits),
            "plate": FrameSource.of(np.repeat(plate[None], count, 0)),
            "landmarks": landmarks.astype(np.float32),
            "expression": Expression(np.stack([loudness, 1 - loudness], 1), "synthetic"),
            "au": ActionUnits(np.stack([5 * loudness, 0 * loudness], 1), ("AU25", "AU45")),
            "emotion": EmotionTrack(np.zeros(count, np.int64), np.ones(count, np.int64)),
        },
    }
    return Sequence(**{**facts, **changes})
