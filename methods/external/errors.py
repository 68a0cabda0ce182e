"""What a checkout can get wrong about its output: each a typed error with the numbers.

They are no `HarnessError`s: a checkout that fails is a failed cell of the run, which is counted
and shown, and the other methods of the run go on.
"""

from __future__ import annotations

from pathlib import Path


class BadOutput(RuntimeError):
    """A checkout ended well and left something that cannot be scored."""

    def __init__(self, method: str, path: Path, fact: str) -> None:
        self.method, self.path = method, path
        super().__init__(f"{method}: {path}: {fact}")


class NoOutput(BadOutput):
    """The file that it should have written is not there."""


class WrongCount(BadOutput):
    """Another number of frames than asked for, such as a partial output."""


class WrongRate(BadOutput):
    """Another frame rate than asked for."""


class WrongSize(BadOutput):
    """Another frame size than asked for."""


__all__ = ["BadOutput", "NoOutput", "WrongCount", "WrongRate", "WrongSize"]
