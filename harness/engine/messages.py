"""How much is said beside the result: decided once for the process by `--quiet` or `--verbose`.

Everything goes to standard error. Errors are always said; results are printed by the commands.
"""

from __future__ import annotations

import sys
import warnings

QUIET, USUAL, VERBOSE = -1, 0, 1

_level = USUAL


def set_level(level: int) -> None:
    """Say less or more from now on; warnings of libraries follow.

    Args:
        level: `QUIET`, `USUAL` or `VERBOSE`.

    """
    global _level
    _level = level
    if level == QUIET:
        warnings.simplefilter("ignore")
    elif level == VERBOSE:
        warnings.simplefilter("default")


def level() -> int:
    """The level of this process."""
    return _level


def error(text: str) -> None:
    """What went wrong: always said."""
    print(text, file=sys.stderr, flush=True)


def note(text: str) -> None:
    """What a user should know: not said by a quiet command."""
    if _level > QUIET:
        print(text, file=sys.stderr, flush=True)


def detail(text: str) -> None:
    """Why something is done, keys and paths: said by a verbose command alone."""
    if _level == VERBOSE:
        print(text, file=sys.stderr, flush=True)
