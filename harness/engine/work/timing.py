"""Clocks for timing: warm-up, times per stage, and the device's own events on CUDA."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.contracts import Method, RenderedFrame, RenderRequest
from harness.storage import write_json

#: Frames that are rendered before timing starts, and frames that are timed at least.
WARMUP = {"cpu": 10, "cuda": 50}
TIMED = {"cpu": 30, "cuda": 300}


class WallClock:
    """Times stages by `perf_counter`; correct on a CPU, where work ends when the call returns."""

    def __init__(self, now: Any = time.perf_counter) -> None:
        self.now = now
        self.stages_ms: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of the current frame."""
        start = self.now()
        try:
            yield
        finally:
            self.stages_ms[name].append((self.now() - start) * 1e3)

    def frame(self) -> _WallSpan:
        """A span around one whole frame."""
        return _WallSpan(self.now)

    def finish(self) -> None:
        """Wait for outstanding work: none on a CPU."""


class _WallSpan:
    def __init__(self, now: Any) -> None:
        self.now, self.start, self.stop = now, now(), 0.0

    def end(self) -> None:
        self.stop = self.now()

    def milliseconds(self) -> float:
        return (self.stop - self.start) * 1e3


class CudaClock:
    """Times by CUDA events: kernels run after the call returns, so a wall clock would be wrong."""

    def __init__(self, device: str) -> None:
        import torch

        self.torch, self.device = torch, device
        self._spans: list[tuple[str, _CudaSpan]] = []
        self.stages_ms: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of the current frame, without synchronising."""
        span = _CudaSpan(self.torch)
        try:
            yield
        finally:
            span.end()
            self._spans.append((name, span))

    def frame(self) -> _CudaSpan:
        """A span around one whole frame."""
        return _CudaSpan(self.torch)

    def finish(self) -> None:
        """Synchronise once and read all stage events."""
        self.torch.cuda.synchronize(self.device)
        for name, span in self._spans:
            self.stages_ms[name].append(span.milliseconds())
        self._spans.clear()


class _CudaSpan:
    def __init__(self, torch: Any) -> None:
        self.first = torch.cuda.Event(enable_timing=True)
        self.last = torch.cuda.Event(enable_timing=True)
        self.first.record()

    def end(self) -> None:
        self.last.record()

    def milliseconds(self) -> float:
        return self.first.elapsed_time(self.last)


def clock_for(device: str) -> WallClock | CudaClock:
    """The correct clock for a device."""
    return CudaClock(device) if device.startswith("cuda") else WallClock()


def time_frames(frames: Iterable[Any], clock: WallClock | CudaClock, warmup: int) -> dict[str, Any]:
    """Time an iterator frame by frame; the first `warmup` frames are rendered, not counted.

    Returns:
        `frame_ms` and `stages_ms` per counted frame, `startup_ms` of the first frame (where a
        method encodes the sound), `warmup`, and `wall_seconds` of the counted frames, which
        the sum of `frame_ms` must not exceed.
    """
    iterator = iter(frames)
    startup = 0.0
    for index in range(warmup):
        span = clock.frame()
        if next(iterator, None) is None:
            break
        span.end()
        if index == 0:
            clock.finish()
            startup = span.milliseconds()
    clock.finish()
    audio_ms = sum(clock.stages_ms.get("audio", ()))
    clock.stages_ms.clear()
    spans, start = [], time.perf_counter()
    while True:
        span = clock.frame()
        if next(iterator, None) is None:
            break
        span.end()
        spans.append(span)
    clock.finish()
    return {
        "frame_ms": [span.milliseconds() for span in spans],
        "stages_ms": {name: list(values) for name, values in clock.stages_ms.items()},
        "startup_ms": startup,
        "audio_startup_ms": audio_ms,
        "warmup": warmup,
        "wall_seconds": time.perf_counter() - start,
    }


def measure_speed(
    method: Method, request: RenderRequest, device: str, folder: Path
) -> dict[str, Any]:
    """Time the rendering of frames in device memory; composite, PNG and metrics excluded.

    Returns:
        The record that speed metrics read; also written to `timing.json`.

    """
    kind = "cuda" if device.startswith("cuda") else "cpu"
    warmup, wanted = WARMUP[kind], WARMUP[kind] + TIMED[kind]
    clock = clock_for(device)

    def endless() -> Iterator[RenderedFrame]:
        rendered = 0
        while rendered < wanted:
            for frame in method.render(request, clock):
                rendered += 1
                yield frame

    timing = time_frames(endless(), clock, warmup)
    timing |= {
        "device": device,
        "resolution": [request.height, request.width],
        "dtype": "float32",
    }
    write_json(folder / "timing.json", timing)
    return timing
