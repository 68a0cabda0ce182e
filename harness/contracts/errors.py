"""Errors for users: each states the subject, the fact and the cure.

The command line prints the message alone and exits with `exit_code`; anything else
that escapes is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Something the user can fix. `str(error)` is the sentence shown."""

    exit_code = 2


class BadInput(HarnessError):
    """A file, folder or option that cannot be used as it is.

    Args:
        subject: what was looked at (a path, an option, an id).
        fact: what is wrong with it, with the exact numbers.
        cure: what to do about it.

    """

    def __init__(self, subject: object, fact: str, cure: str) -> None:
        self.subject, self.fact, self.cure = str(subject), fact, cure
        super().__init__(f"{self.subject}: {fact}. {cure}")


class UnknownName(HarnessError):
    """A name that no registry knows; offers the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = difflib.get_close_matches(name, self.known, n=3, cutoff=0.5)
        hint = (
            f"Did you mean {' or '.join(repr(n) for n in near)}?"
            if near
            else (f"Known: {', '.join(self.known) or 'none'}.")
        )
        super().__init__(f"unknown {kind} {name!r}. {hint}")


class MissingSignal(HarnessError):
    """A sequence lacks a signal that a method or metric declared it needs."""

    def __init__(self, signal: str, sequence: str, needed_by: str, cure: str) -> None:
        self.signal, self.sequence, self.needed_by = signal, sequence, needed_by
        super().__init__(
            f"{sequence}: signal {signal!r} is missing, and {needed_by} needs it. {cure}"
        )


class Unavailable(HarnessError):
    """Weights or an optional package are absent: never replaced by something random."""

    def __init__(self, what: str, reason: str, cure: str) -> None:
        self.what, self.reason, self.cure = what, reason, cure
        super().__init__(f"{what} is unavailable: {reason}. {cure}")
