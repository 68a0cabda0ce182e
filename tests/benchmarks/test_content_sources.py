"""Held-out correlations of mouths that do, or do not do, what the sound says."""

import numpy as np

from benchmarks.content_sources import FPS, SOURCES, correlations, table
from harness.lipsync.visemes import expected_opening


def spoken(seed, seconds=4):
    """Bursts of noise; a jaw that follows them, and lips that do as they like."""
    rng = np.random.default_rng(seed)
    bursts = np.repeat(rng.random(10 * seconds) > 0.5, 1600)
    sound = (bursts * rng.normal(0, 0.2, len(bursts))).astype(np.float32)
    jaw = expected_opening(sound)[2::4]
    return sound, np.stack([jaw, rng.normal(size=len(jaw))], 1)


def test_what_follows_the_sound_is_predicted_of_another_speaker():
    videos = [spoken(seed) for seed in range(3)]
    folds = np.repeat(np.arange(3), round(4 * FPS))
    rows = [(name, correlations(videos, folds, *source)) for name, source in SOURCES.items()]
    for _, (jaw, lips) in rows:
        assert jaw > 0.7
        assert abs(lips) < 0.5
    assert table(rows).splitlines()[-1].startswith("| both | 0.")
