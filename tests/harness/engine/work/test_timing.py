"""Timing: a fake clock, warm-up left out, stages added up, a renderer that sleeps."""

from __future__ import annotations

import time

import numpy as np
import pytest

from harness.engine.work.timing import WallClock, time_frames


class Ticks:
    """A clock that moves only when told."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def renderer(ticks, clock, durations):
    for index, seconds in enumerate(durations):
        with clock.stage("deform"):
            ticks.seconds += seconds / 4
        with clock.stage("splat"):
            ticks.seconds += seconds * 3 / 4
        yield index


def test_frames_are_timed_exactly_and_warmup_is_left_out():
    ticks = Ticks()
    clock = WallClock(ticks)
    slow_start = [1.0, 0.5] + [0.010] * 6
    timing = time_frames(renderer(ticks, clock, slow_start), clock, warmup=2)
    np.testing.assert_allclose(timing["frame_ms"], [10.0] * 6)
    np.testing.assert_allclose(timing["stages_ms"]["deform"], [2.5] * 6)
    np.testing.assert_allclose(timing["stages_ms"]["splat"], [7.5] * 6)
    assert timing["startup_ms"] == pytest.approx(1000.0)


def test_stages_do_not_exceed_frames():
    ticks = Ticks()
    clock = WallClock(ticks)
    timing = time_frames(renderer(ticks, clock, [0.02] * 5), clock, warmup=1)
    total = sum(map(sum, timing["stages_ms"].values()))
    assert total <= sum(timing["frame_ms"]) + 1e-9


def test_a_sleeping_renderer_is_measured_by_the_wall():
    def sleeper():
        for index in range(6):
            time.sleep(0.01)
            yield index

    timing = time_frames(sleeper(), WallClock(), warmup=2)
    assert len(timing["frame_ms"]) == 4
    assert all(ms >= 9.9 for ms in timing["frame_ms"])
    assert sum(timing["frame_ms"]) <= timing["wall_seconds"] * 1e3 + 1e-6
