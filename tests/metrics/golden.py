"""Inputs that the reference packages and our code are given alike, from numpy's seeds alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch


def kept(topic: str) -> dict[str, float]:
    """What the reference packages said of a topic when its fixture was made."""
    path = Path(__file__).parent / f"fixtures/golden_{topic}.json"
    return json.loads(path.read_text("utf-8"))["values"]


def image_pair(size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """A textured picture and a damaged copy, uint8 [size,size,3]."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:size, :size] / size
    waves = [np.sin(2 * np.pi * (k * x + (4 - k) * y) + k) for k in (1, 2, 3)]
    truth = np.clip(128 + 80 * np.stack(waves, -1) + rng.normal(0, 8, (size, size, 3)), 0, 255)
    damaged = np.clip(np.roll(truth, 1, 1) * 0.9 + rng.normal(0, 15, truth.shape), 0, 255)
    return damaged.astype(np.uint8), truth.astype(np.uint8)


def region(size: int = 64) -> np.ndarray:
    """A disc off the middle, bool [size,size]."""
    y, x = np.mgrid[:size, :size] / size
    return (x - 0.4) ** 2 + (y - 0.6) ** 2 < 0.25**2


def feature_pair(dim: int = 64, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated samples of features, float64 [n,dim] and [n - 50,dim]."""
    rng = np.random.default_rng(6)
    mix = rng.normal(size=(dim, dim)) / 8
    return rng.normal(size=(n, dim)) @ mix, rng.normal(size=(n - 50, dim)) @ mix.T + 0.1


def seeded_state(state: dict[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    """Values for every entry, in the order of the sorted keys, scaled to keep activations alive."""
    rng = np.random.default_rng(seed)
    values = {}
    for key in sorted(state):
        shape = tuple(state[key].shape)
        if key.endswith("num_batches_tracked"):
            values[key] = torch.zeros_like(state[key])
        elif key.endswith("running_var"):
            values[key] = torch.from_numpy(rng.uniform(0.5, 1.5, shape).astype(np.float32))
        elif len(shape) > 1:
            scale = np.sqrt(2.0 / np.prod(shape[1:]))
            values[key] = torch.from_numpy(rng.normal(0, scale, shape).astype(np.float32))
        elif key.endswith("weight"):
            values[key] = torch.from_numpy(rng.uniform(0.5, 1.5, shape).astype(np.float32))
        else:
            values[key] = torch.from_numpy(rng.normal(0, 0.05, shape).astype(np.float32))
    return values


def seeded_heads(channels: tuple[int, ...], seed: int = 3) -> list[np.ndarray]:
    """Non-negative LPIPS heads, float32 [C] each."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(0, 1, c).astype(np.float32) for c in channels]


def talking_clip(count: int = 22) -> tuple[np.ndarray, np.ndarray]:
    """Blobs that move and a sound: uint8 RGB [count,224,224,3], int16 [count * 640]."""
    rng = np.random.default_rng(9)
    y, x = np.mgrid[:224, :224] / 224
    phase = rng.uniform(0, 6, count).cumsum()
    frames = [
        np.stack([127 + 120 * np.sin(6 * x + p), 127 + 90 * np.cos(5 * y - p), 255 * x * y], -1)
        for p in phase
    ]
    t = np.arange(count * 640) / 16_000
    sound = 9000 * np.sin(2 * np.pi * (200 + 900 * t) * t) * (1 + np.sin(2 * np.pi * 3 * t))
    return np.stack(frames).clip(0, 255).astype(np.uint8), sound.astype(np.int16)
