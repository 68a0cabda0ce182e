"""What can be wrong with the output of a checkout: each a typed error with the numbers.

They are not `HarnessError`s: a checkout that fails is a failed cell of the run, which is counted
and shown, and the other methods of the run continue.
"""

from __future__ import annotations

from pathlib import Path


class BadOutput(RuntimeError):
    """A checkout ended without an error, and its output cannot be scored."""

    def __init__(self, method: str, path: Path, fact: str) -> None:
        self.method, self.path, self.fact = method, path, fact
        super().__init__(f"{method}: {path}: {fact}")


class NoOutput(BadOutput):
    """The file that it should have written is not there."""


class WrongCount(BadOutput):
    """Another number of frames than requested, such as a partial output."""


class WrongRate(BadOutput):
    """Another frame rate than requested."""


class WrongSize(BadOutput):
    """Another frame size than requested."""
