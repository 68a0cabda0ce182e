"""A talking head of 64 x 64 pixels, drawn with a few ellipses, for tests of plug-ins.

Everything is a function of the arguments: the same call gives the same bytes.
"""

from __future__ import annotations

import numpy as np

from harness.contracts import (
    EMOTIONS,
    MASK_BITS,
    ActionUnits,
    Camera,
    Clip,
    EmotionTrack,
    FrameSource,
    Masks,
    Sequence,
)

FPS, RATE = 25.0, 16_000
#: Pixels per unit at distance 1, and the distance of the head.
FOCAL, DISTANCE = 80.0, 4.0
#: The frame that the head blinks in, of every second.
BLINK = 12


def tiny_sequence(count: int = 48, size: int = 64, seed: int = 0) -> Sequence:
    """A head that moves sideways, blinks once a second and opens its mouth with the loudness.

    Args:
        count: frames, at 25 per second; the last quarter is the test part.
        size: side of the frames in pixels.
        seed: of the sound and, through its loudness, of the mouth.

    Returns:
        a sequence of one subject, domain "synthetic", emotion "happy", with these signals:
        `camera` (the head's movement), `masks` (head, face, hair, mouth, torso), `plate` (the
        frames without the head), `landmarks` float32 [T,68,2], `au` (AU25 and AU45) and `emotion`.

    """
    rng = np.random.default_rng(seed)
    time = np.arange(count) / FPS
    loudness = 0.5 + 0.5 * np.sin(2 * np.pi * (1.7 * time + rng.uniform()))
    shut = (np.arange(count) % round(FPS) == BLINK).astype(np.float64)
    shift = 0.05 * size * np.sin(2 * np.pi * 0.4 * time)  # pixels
    samples = round(count * RATE / FPS)
    envelope = np.interp(np.arange(samples) / RATE, time, loudness)
    tone = np.sin(2 * np.pi * 140 * np.arange(samples) / RATE)
    audio = 0.2 * envelope * (tone + 0.3 * rng.standard_normal(samples)).clip(-2, 2)
    plate, torso = _plate(size)
    drawn = [_frame(plate, *state) for state in zip(shift, loudness, shut, strict=True)]
    frames, bits = (np.stack(each) for each in zip(*drawn, strict=True))
    bits[torso & (bits == 0)] = MASK_BITS["torso"]
    pose = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    pose[:, 0, 3], pose[:, 2, 3] = shift * DISTANCE / FOCAL, DISTANCE
    centre = np.array([[FOCAL, 0, size / 2], [0, FOCAL, size / 2], [0, 0, 1]], np.float32)
    units = np.stack([5 * loudness, 5 * shut], 1).astype(np.float32)
    happy = np.full(count, EMOTIONS.index("happy"), np.int64)
    train = count * 3 // 4
    return Sequence(
        id="tiny/one",
        subject="one",
        fps=FPS,
        audio=audio.astype(np.float32),
        frames=FrameSource.of(frames),
        train=range(train),
        test=range(train, count),
        emotion="happy",
        intensity=2,
        domain="synthetic",
        digest=f"tiny-{count}-{size}-{seed}",
        signals={
            "camera": Camera(np.tile(centre, (count, 1, 1)), pose),
            "masks": Masks(bits),
            "plate": FrameSource.of(np.repeat(plate[None], count, 0)),
            "landmarks": _landmarks(size, shift, loudness, shut),
            "au": ActionUnits(units, ("AU25", "AU45")),
            "emotion": EmotionTrack(happy, np.full(count, 2, np.int64)),
        },
    )


def tiny_clip(
    count: int = 30, size: int = 64, seed: int = 0
) -> tuple[Clip, np.ndarray, np.ndarray]:
    """A prediction beside its ground truth, as a metric is given them.

    Returns:
        the clip, with the signals of `tiny_sequence` and a timing record; the prediction, one
        frame late and noisy; the ground truth. Both are uint8 RGB [count,size,size,3].

    """
    whole = tiny_sequence(count + 1, size, seed)
    part = whole.part(range(1, count + 1))
    truth = part.frames.stack(range(count))
    rng = np.random.default_rng(seed)
    late = whole.frames.stack(range(count)).astype(np.int64)
    prediction = (late + rng.integers(-6, 7, late.shape)).clip(0, 255).astype(np.uint8)
    clip = Clip(
        id=part.id,
        fps=part.fps,
        count=count,
        height=size,
        width=size,
        audio=part.audio,
        domain=part.domain,
        signals={name: part.signal(name) for name in part.signals},
        timing={"frame_ms": rng.uniform(8, 12, count).tolist()},
    )
    return clip, prediction, truth


def _ellipse(size: int, x: float, y: float, wide: float, high: float) -> np.ndarray:
    """Pixels bool [size,size] of an ellipse; centre and half axes are fractions of the side."""
    across, down = (np.arange(size) + 0.5) / size, ((np.arange(size) + 0.5) / size)[:, None]
    return ((across - x) / wide) ** 2 + ((down - y) / high) ** 2 <= 1


def _plate(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Background and torso uint8 [size,size,3], and where the torso is, bool [size,size]."""
    plate = np.zeros((size, size, 3), np.uint8)
    plate[..., 1] = np.linspace(70, 120, size)[:, None]
    plate[..., 2] = np.linspace(90, 150, size)
    torso = _ellipse(size, 0.5, 1.05, 0.45, 0.25)
    plate[torso] = (60, 40, 90)
    return plate, torso


def _frame(
    plate: np.ndarray, shift: float, loudness: float, shut: float
) -> tuple[np.ndarray, np.ndarray]:
    """A frame uint8 [S,S,3] and its masks uint8 [S,S]."""
    size = len(plate)
    x = 0.5 + shift / size
    frame, bits = plate.copy(), np.zeros((size, size), np.uint8)
    head = _ellipse(size, x, 0.5, 0.24, 0.34)
    hair = head & ~_ellipse(size, x, 0.56, 0.24, 0.3)
    mouth = _ellipse(size, x, 0.68, 0.09, 0.02 + 0.05 * loudness)
    frame[head], frame[hair], frame[mouth] = (205, 160, 130), (70, 45, 30), (120, 30, 40)
    for side in (-0.1, 0.1):
        frame[_ellipse(size, x + side, 0.47, 0.04, 0.035 * (1 - 0.8 * shut))] = (30, 30, 60)
    bits[head] = MASK_BITS["head"]
    bits[head & ~hair] |= MASK_BITS["face"]
    bits[hair] |= MASK_BITS["hair"]
    bits[mouth] |= MASK_BITS["mouth"]
    return frame, bits


def _landmarks(size: int, shift: np.ndarray, loudness: np.ndarray, shut: np.ndarray) -> np.ndarray:
    """68 points in iBUG order, float32 [T,68,2], pixels."""

    def ring(x: float, y: float, wide: float, high: np.ndarray, angles: np.ndarray) -> np.ndarray:
        across = np.broadcast_to(x + wide * np.cos(angles), (len(high), len(angles)))
        return np.stack([across, y + high[:, None] * np.sin(angles)], -1)

    def line(x0: float, y0: float, x1: float, y1: float, points: int) -> np.ndarray:
        found = np.stack([np.linspace(x0, x1, points), np.linspace(y0, y1, points)], -1)
        return np.broadcast_to(found, (len(shift), points, 2))

    def turn(points: int) -> np.ndarray:
        return np.pi + 2 * np.pi * np.arange(points) / points

    lids, lips = 0.035 * (1 - 0.8 * shut), 0.02 + 0.05 * loudness
    points = [
        ring(0.5, 0.56, 0.23, np.full(len(shift), 0.28), np.linspace(np.pi, 0, 17)),  # jaw
        line(0.34, 0.41, 0.46, 0.41, 5),  # brows
        line(0.54, 0.41, 0.66, 0.41, 5),
        line(0.5, 0.47, 0.5, 0.57, 4),  # nose
        line(0.46, 0.6, 0.54, 0.6, 5),
        ring(0.4, 0.47, 0.04, lids, turn(6)),  # eyes
        ring(0.6, 0.47, 0.04, lids, turn(6)),
        ring(0.5, 0.68, 0.09, lips, turn(12)),  # lips, outer and inner
        ring(0.5, 0.68, 0.07, 0.7 * lips, turn(8)),
    ]
    found = np.concatenate(points, 1) * size
    found[..., 0] += shift[:, None]
    return found.astype(np.float32)
