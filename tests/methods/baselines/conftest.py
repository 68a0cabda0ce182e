import numpy as np
import pytest

from harness.contracts import FrameSource, Masks, Sequence


@pytest.fixture
def recording():
    """60 frames of 20x24 noise with a square head, and a rising tone as the sound."""
    rng = np.random.default_rng(3)
    count, fps = 60, 25.0
    frames = rng.integers(0, 256, (count, 20, 24, 3), dtype=np.uint8)
    bits = np.zeros((count, 20, 24), np.uint8)
    bits[:, 4:15, 6:18] = 1
    seconds = np.arange(round(count / fps * 16_000)) / 16_000
    audio = (0.4 * np.sin(2 * np.pi * (200 + 500 * seconds) * seconds)).astype(np.float32)
    return Sequence(
        "noise",
        "nobody",
        fps,
        audio,
        FrameSource.of(frames),
        range(0, 48),
        range(48, 60),
        signals={"masks": Masks(bits)},
    )
