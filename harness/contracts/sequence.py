"""A sequence: one continuous video of one subject, with everything known about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts.errors import MissingSignal
from harness.contracts.signals import SIGNALS

SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class FrameSource:
    """Lazy uint8 RGB frames: `read(t)` returns [H,W,3]; decoded only when asked for."""

    read: Callable[[int], np.ndarray]
    count: int
    height: int
    width: int
    start: int = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> np.ndarray:
        if not 0 <= index < self.count:
            raise IndexError(f"frame {index} of {self.count}")
        return self.read(self.start + index)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(self.count))

    def stack(self, frames: range) -> np.ndarray:
        """Frames as one array, uint8 [len(frames),H,W,3]."""
        return np.stack([self[i] for i in frames])

    def part(self, frames: range) -> FrameSource:
        """The same frames, restricted to a range; still lazy."""
        return replace(self, start=self.start + frames.start, count=len(frames))

    @classmethod
    def of(cls, frames: np.ndarray) -> FrameSource:
        """Frames already in memory or memory-mapped, uint8 [T,H,W,3]."""
        return cls(lambda t: np.asarray(frames[t]), len(frames), *frames.shape[1:3])


@dataclass(frozen=True)
class Sequence:
    """One continuous video of one subject.

    `signals` maps the names of `SIGNALS` to their values; a value may be a callable
    without arguments, which is then called once, on first use.
    """

    id: str
    subject: str
    fps: float
    audio: np.ndarray  # float32 [S] in [-1,1] at 16 kHz
    frames: FrameSource
    train: range
    test: range
    emotion: str | None = None
    intensity: int | None = None
    domain: str = "photo"  # "photo" or "synthetic": selects the pretrained networks
    signals: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""  # hash of the content of all its files, for cell keys
    folder: Path | None = None  # its folder, for tools that read the layout themselves

    @property
    def height(self) -> int:
        """Frame height in pixels."""
        return self.frames.height

    @property
    def width(self) -> int:
        """Frame width in pixels."""
        return self.frames.width

    def has(self, name: str) -> bool:
        """Whether the signal is present."""
        return self.signals.get(name) is not None

    def signal(self, name: str, needed_by: str = "the caller") -> Any:
        """The named signal.

        Raises:
            MissingSignal: when it is absent; the message says how to get it.

        """
        if not self.has(name):
            raise MissingSignal(name, self.id, needed_by, SIGNALS[name][1])
        value = self.signals[name]
        if callable(value):
            value = value()
            self.signals[name] = value  # type: ignore[index]
        return value

    def part(self, frames: range) -> Sequence:
        """The sequence restricted to `frames`: frames, sound and every signal.

        A method is fitted on `part(train)`, so it never sees a test frame.
        """
        first = round(frames.start * SAMPLE_RATE / self.fps)
        last = round(frames.stop * SAMPLE_RATE / self.fps)

        def lazy(name: str) -> Callable[[], Any]:
            return lambda: cut(self.signal(name), frames)

        return replace(
            self,
            audio=self.audio[first:last],
            frames=self.frames.part(frames),
            train=range(len(frames)),
            test=range(0),
            signals={name: lazy(name) for name in self.signals if self.has(name)},
        )


def cut(value: Any, frames: range) -> Any:
    """A signal restricted in time: by its own `part`, or along the first axis of an array."""
    return value.part(frames) if hasattr(value, "part") else value[frames.start : frames.stop]
