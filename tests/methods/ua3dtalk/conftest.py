"""A small sequence with known truth: a textured ellipsoid that talks, nods and blinks."""

import numpy as np
import pytest

from harness.contracts import (
    ActionUnits,
    Camera,
    EmotionTrack,
    Expression,
    FrameSource,
    Masks,
    Sequence,
)

RADII = np.array([0.075, 0.10, 0.085])
DISTANCE = 0.7


def rotation(yaw, pitch):
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    around_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return around_x @ around_y


def draw(pose, K, size, opening, blink, plate):
    """Cast one ray per pixel; returns the frame uint8 [S,S,3] and the mask bits uint8 [S,S]."""
    centre = np.arange(size) + 0.5
    x, y = np.meshgrid((centre - K[0, 2]) / K[0, 0], (centre - K[1, 2]) / K[1, 1])
    rays = np.stack([x, y, np.ones_like(x)], -1) @ pose[:3, :3]
    eye = -pose[:3, :3].T @ pose[:3, 3]
    a = ((rays / RADII) ** 2).sum(-1)
    b = 2 * (rays * eye / RADII**2).sum(-1)
    c = ((eye / RADII) ** 2).sum() - 1
    inside = b * b - 4 * a * c
    head = inside > 0
    depth = (-b - np.sqrt(np.maximum(inside, 0))) / (2 * a)
    u, v, w = np.moveaxis((eye + depth[..., None] * rays) / RADII, -1, 0)
    front = head & (w < 0)
    mouth = front & ((u / 0.3) ** 2 + ((v - 0.4) / (0.02 + 0.22 * opening)) ** 2 < 1)
    lips = front & ((u / 0.4) ** 2 + ((v - 0.4) / (0.1 + 0.22 * opening)) ** 2 < 1)
    eyes = front & (((np.abs(u) - 0.35) / 0.16) ** 2 + ((v + 0.15) / 0.1) ** 2 < 1)
    hair = head & (v < -0.5)
    colour = np.stack([0.8 + 0.1 * u, 0.6 + 0.1 * v, 0.5 + 0.05 * w], -1)
    colour[hair] = (0.2, 0.12, 0.05)
    colour[lips] = (0.7, 0.25, 0.25)
    colour[eyes] = np.array([0.95, 0.95, 0.95]) * (1 - blink) + np.array([0.8, 0.6, 0.5]) * blink
    colour[mouth] = (0.15, 0.05, 0.05)
    colour[mouth & (v < 0.34)] = (0.95, 0.95, 0.9)
    frame = np.where(head[..., None], colour, plate)
    bits = head * 1 + (head & ~hair & ~mouth) * 2 + hair * 4 + mouth * 8
    return np.rint(frame * 255).clip(0, 255).astype(np.uint8), bits.astype(np.uint8)


def landmarks(pose, K, opening):
    """Pixels [68,2]: outer and inner lips as `draw` has them, all others at the nose."""
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    on = np.zeros((68, 2))  # u and v, parts of the radii
    on[48:60] = np.stack([0.4 * np.cos(angle), 0.4 + (0.1 + 0.22 * opening) * np.sin(angle)], 1)
    angle = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    on[60:68] = np.stack([0.3 * np.cos(angle), 0.4 + (0.02 + 0.22 * opening) * np.sin(angle)], 1)
    w = -np.sqrt(1 - (on**2).sum(1))
    seen = (np.concatenate([on, w[:, None]], 1) * RADII) @ pose[:3, :3].T + pose[:3, 3]
    return (seen / seen[:, 2:]) @ K.T[:, :2]


def make_sequence(count=96, size=48, fps=25.0, seed=0):
    rng = np.random.default_rng(seed)
    seconds = np.arange(count) / fps
    opening = np.clip(0.5 + 0.6 * np.sin(2 * np.pi * 1.9 * seconds + np.sin(3 * seconds)), 0, 1)
    blink = np.exp(-(((seconds % 1.7) - 0.6) ** 2) / 0.004)
    samples = np.arange(round(count / fps * 16_000)) / 16_000
    loudness = np.interp(samples, seconds, opening)
    sound = 0.3 * loudness * np.sin(2 * np.pi * (220 * samples + 3 * np.cumsum(loudness) / 100))
    audio = (sound + 0.002 * rng.normal(size=len(samples))).astype(np.float32)
    K = np.array([[3.2 * size, 0, size / 2], [0, 3.2 * size, size / 2 + 1], [0, 0, 1]])
    y = np.linspace(0.2, 0.6, size)[:, None, None]
    plate = np.broadcast_to(y * np.array([0.5, 0.8, 1.0]), (size, size, 3))
    poses, frames, bits, points = [], [], [], []
    for t in range(count):
        pose = np.eye(4)
        pose[:3, :3] = rotation(0.25 * np.sin(1.1 * seconds[t]), 0.08 * np.sin(0.7 * seconds[t]))
        pose[:3, 3] = 0.01 * np.sin(seconds[t]), 0.0, DISTANCE
        frame, mask = draw(pose, K, size, opening[t], blink[t], plate)
        poses.append(pose)
        frames.append(frame)
        bits.append(mask)
        points.append(landmarks(pose, K, opening[t]))
    plate8 = np.rint(plate * 255).astype(np.uint8)
    expression = np.zeros((count, 24), np.float32)
    expression[:, 18], expression[:, 19] = 5 * opening, 5 * blink
    cut = count * 10 // 11
    return Sequence(
        "ellipsoid",
        "nobody",
        fps,
        audio,
        FrameSource.of(np.stack(frames)),
        range(cut),
        range(cut, count),
        domain="synthetic",
        digest=f"ellipsoid-{count}-{size}-{seed}",
        signals={
            "camera": Camera(
                np.broadcast_to(K, (count, 3, 3)).astype(np.float32),
                np.stack(poses).astype(np.float32),
            ),
            "masks": Masks(np.stack(bits)),
            "landmarks": np.stack(points).astype(np.float32),
            "plate": FrameSource(lambda t: plate8, count, size, size),
            "expression": Expression(expression, "synthetic"),
            "au": ActionUnits(expression[:, 18:20], ("AU26", "AU45")),
            "emotion": EmotionTrack(np.zeros(count, np.int64), np.ones(count, np.int64)),
        },
    )


@pytest.fixture(scope="session")
def sequence():
    return make_sequence()
