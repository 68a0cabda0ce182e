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
    """A textured image and a damaged copy, uint8 [size,size,3]."""
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


def inception_pictures() -> dict[str, np.ndarray]:
    """Images uint8 [H,W,3] that a resize to 299x299 enlarges, and shrinks and squeezes."""
    return {"small": image_pair(64)[1], "large": image_pair(400)[0][:320]}


def projections(name: str, feature: np.ndarray) -> dict[str, float]:
    """A few numbers that a feature float [D] decides: its norm and four random projections."""
    rng = np.random.default_rng(8)
    axes = rng.normal(size=(4, len(feature))) / np.sqrt(len(feature))
    parts = {f"{name}_{i}": float(axis @ feature) for i, axis in enumerate(axes)}
    return parts | {f"{name}_norm": float(np.linalg.norm(feature.astype(np.float64)))}


def detector_state(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Seeded values for S3FD under the names of `sfd_face.pth`, such that every level finds faces.

    The heads' own scale would make each anchor of a level a face, or none.
    """
    values = seeded_state(state, 11)
    levels = [
        (60, 1, 3),
        (60, 1, -5),
        (60, 1, -2),
        (0.03, 0.02, 2),
        (0.03, 0.02, 1),
        (0.1, 0.05, 3),
    ]
    for level, (score, box, lean) in enumerate(levels):
        for leaf in ("weight", "bias"):
            values[f"conf.{level}.{leaf}"] *= score
            values[f"loc.{level}.{leaf}"] *= box
        values[f"conf.{level}.bias"][-1] += lean
    return values


def to_fan(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """S3FD's state under the names of face-alignment's file."""
    from metrics.backbones.s3fd import FAN_NAMES

    theirs, out = {ours: name for name, ours in FAN_NAMES.items()}, {}
    for key, value in state.items():
        prefix, _, leaf = key.rpartition(".")
        out[f"{theirs[prefix]}.{leaf}"] = value
    return out


def detector_picture(enlarged: int = 1) -> np.ndarray:
    """What the detectors look at, uint8 [130 e,150 e,3]: sides that no stride divides."""
    picture = image_pair(150 * enlarged)[1]
    return picture[: 130 * enlarged]


#: Where crops are looked at, row and column.
CROP_PIXELS = ((3, 7), (60, 200), (112, 112), (150, 31), (221, 218))


def track() -> tuple[int, np.ndarray]:
    """A face that wanders over the edge of `talking_clip`: first frame, boxes float64 [18,4]."""
    rng = np.random.default_rng(12)
    centre = np.array([100.0, 90.0]) + rng.normal(0, 14, (18, 2)).cumsum(0)
    half = rng.uniform(52, 70, (18, 2))
    return 2, np.concatenate([centre - half, centre + half], 1)


def fan_state(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Seeded values for FAN; small weights, since every block adds to what came before."""
    values = seeded_state(state, 7)
    return {k: v * 0.5 if v.ndim == 4 else v for k, v in values.items()}


def fan_boxes() -> np.ndarray:
    """Face boxes in `detector_picture(2)`, float64 [5,4]: small, whole, large, leaving, whole."""
    return np.array(
        [
            [101.3, 80.7, 150.2, 139.9],
            [40, 30, 200, 220],
            [20.5, 11.25, 270.75, 250.5],
            [-30.4, 150.6, 90.1, 290.3],
            [200, 10, 331, 164],
        ],
        np.float64,
    )


def heatmaps() -> np.ndarray:
    """Heatmaps float32 [5,68,64,64]; maxima in the inside, on edges and in corners, and ties."""
    rng = np.random.default_rng(8)
    maps = rng.normal(size=(5, 68, 64, 64)).astype(np.float32)
    for k, (y, x) in enumerate([(0, 0), (63, 63), (0, 30), (17, 63), (1, 1), (62, 62)]):
        maps[0, k, y, x] = 10
    maps[0, 6] = 0.5  # flat
    maps[0, 7, 20, 30] = maps[0, 7, 40, 10] = 10
    maps[0, 8, 20, 30], maps[0, 8, 20, 29:32:2] = 10, 1  # equal neighbours
    return maps


def fan_input() -> torch.Tensor:
    """An image as FAN sees it, float32 [1,3,256,256] in 0..1."""
    picture = image_pair(256)[1].astype(np.float32) / 255
    return torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous()


def five_point_sets() -> list[tuple[np.ndarray, np.ndarray]]:
    """Five points of a turned face and of a mirrored one, each with ArcFace's template, [5,2]."""
    template = np.array(
        [
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ]
    )
    rng = np.random.default_rng(12)
    turn = np.array([[2.4, -0.7], [0.7, 2.4]])
    noisy = template @ turn.T + (90.0, 40.0) + rng.normal(0, 6, (5, 2))
    return [(noisy, template), (noisy * (-1, 1) + (400, 0), template)]


def warp_pair() -> tuple[np.ndarray, np.ndarray]:
    """A smooth image uint8 [360,320,3] and a transform [2,3] into its 112-pixel crop."""
    y, x = np.mgrid[:360, :320]
    waves = [127 + 110 * np.sin(x / (17 + 4 * k) + k) * np.cos(y / (23 - 3 * k)) for k in range(3)]
    matrix = np.array([[0.36, 0.11, -20.3], [-0.11, 0.36, 2.7]])
    return np.stack(waves, -1).round().astype(np.uint8), matrix


def warp_places() -> list[tuple[int, int, int]]:
    """Row, column and channel of 24 pixels of a 112-pixel crop."""
    rng = np.random.default_rng(13)
    return [tuple(int(v) for v in rng.integers(0, (112, 112, 3))) for _ in range(24)]


def moving_clip(count: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """A texture that drifts and a noisy copy that lags, uint8 RGB [count,80,112,3] each."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[:80, :112]
    sides = []
    for lag in (0.8, 1.0):
        frames = []
        for t in range(count):
            u, v = x - 1.3 * lag * t, y + 0.7 * lag * t
            waves = [np.sin(u / 6 + k) * np.cos(v / (4 + k)) for k in range(3)]
            frames.append(127 + 90 * np.stack(waves, -1) + rng.normal(0, 3, (80, 112, 3)))
        sides.append(np.stack(frames).clip(0, 255).astype(np.uint8))
    return sides[0], sides[1]
