"""In which order a sequence goes through the emotions."""

from __future__ import annotations

import numpy as np

from harness.contracts import EMOTIONS
from splits.synthetic.emotion import STRENGTH
from splits.synthetic.performance import Block


def _lengths(total: int, count: int, rng: np.random.Generator, spread: float) -> list[int]:
    """`count` whole numbers near total / count that add up to `total`."""
    edges = np.arange(count + 1) * total / count
    edges[1:-1] += rng.uniform(-0.5, 0.5, count - 1) * spread * total / count
    return np.diff(np.round(edges).astype(int)).tolist()


#: Seconds that an utterance and its pauses need at least, to be more than a word.
_SHORTEST = 1.0


def _fitting(frames: int, fps: float) -> int:
    return max(1, int(frames / fps / _SHORTEST))


def _level(emotion: str, level: int) -> int:
    """MEAD has one level of neutral, and so have we."""
    return 1 if emotion == "neutral" else int(level)


def tour(seed: int, train: int, test: int, fps: float, test_emotions: int = 3) -> list[Block]:
    """All emotions at all intensities in the training part, several emotions in the test part.

    Sequences too short for that show as many as fit, at `_SHORTEST` seconds each. In training
    an emotion lasts for three utterances, one at each intensity, so that a
    window of three seconds holds mostly one emotion, as it does in sequences of actors.

    Args:
        seed: order of emotions and lengths of utterances.
        train: frames of the training part.
        test: frames of the test part.
        fps: frames a second.
        test_emotions: utterances of the test part, each in another emotion; at most 7.

    Raises:
        ValueError: a part is too short for a single utterance.


    """
    if min(train, test) / fps < 0.4:
        raise ValueError(
            f"{train} training and {test} test frames leave less than 0.4 s for an utterance"
        )
    rng = np.random.default_rng([seed, 0x70])
    levels = tuple(STRENGTH)
    order = [
        (EMOTIONS[e], _level(EMOTIONS[e], level))
        for e in rng.permutation(len(EMOTIONS))
        for level in rng.permutation(levels)
    ]
    shown = [
        (EMOTIONS[e], _level(EMOTIONS[e], rng.choice(levels)))
        for e in rng.permutation(len(EMOTIONS))
        if EMOTIONS[e] != order[-1][0]  # the test part begins with a change
    ][:test_emotions]
    # Where there is no time for all, every emotion comes before another intensity of one.
    fit = _fitting(train, fps)
    order = order if fit >= len(order) else (order[0::3] + order[1::3] + order[2::3])[:fit]
    shown = shown[: _fitting(test, fps)]
    frames = _lengths(train, len(order), rng, 0.3) + _lengths(test, len(shown), rng, 0.2)
    return [Block(e, i, n / fps) for (e, i), n in zip(order + shown, frames, strict=True)]


def single(
    seed: int, emotion: str, intensity: int, frames: int, fps: float, utterance: float = 3.0
) -> list[Block]:
    """One emotion throughout, in utterances of about `utterance` seconds."""
    rng = np.random.default_rng([seed, 0x51])
    count = max(1, round(frames / fps / utterance))
    return [Block(emotion, intensity, n / fps) for n in _lengths(frames, count, rng, 0.4)]


__all__ = ["single", "tour"]
