"""`python -m harness`: errors that a user can fix are one sentence and exit code 2."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.contracts.errors import HarnessError

#: Exit code of a run that Ctrl-C ended (128 + SIGINT).
INTERRUPTED = 130
#: Our import roots, whose names a user's own files may have.
PACKAGES = ("harness", "methods", "metrics", "reports", "splits")
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the command line."""
    if foreign := own_packages_first():
        print(f"error: {foreign}", file=sys.stderr)
        sys.exit(2)
    try:
        _main()
    except KeyboardInterrupt:
        sys.exit(_interrupted())
    except SystemExit as leave:
        # Typer turns Ctrl-C into this silent exit.
        if leave.code == INTERRUPTED:
            _interrupted()
        raise


def own_packages_first() -> str:
    """Make our five packages win over files of the same names that lie in other folders.

    `python -m` puts the current folder first on the path, where a `metrics.py` would hide ours
    from this process and from those that it starts. Plug-ins are still found: only that first
    entry is removed, and our own root moves before the first folder that has one of our names.

    Returns:
        A sentence about a name that still resolves elsewhere; empty when none does.

    """
    first = None if sys.flags.safe_path else _resolved(sys.path[0])
    if first is not None and first == _resolved(os.curdir) != ROOT:
        del sys.path[0]
    for index, entry in enumerate(sys.path):
        if _resolved(entry) == ROOT:
            break
        if any(_regular(name, entry) for name in PACKAGES):
            sys.path.insert(index, str(ROOT))
            break
    for name in PACKAGES:
        spec = find_spec(name)
        where = Path(spec.origin).resolve() if spec and spec.origin else None
        if where is None or where.parent.parent != ROOT:
            return (
                f"{name}: Python finds it at {where}, not in {ROOT}. Rename that file or folder, "
                "or take its folder off PYTHONPATH."
            )
    return ""


def _resolved(entry: str) -> Path | None:
    """A folder of the path; None for one that is gone."""
    try:
        return Path(entry or os.curdir).resolve()
    except OSError:
        return None


def _regular(name: str, entry: str) -> bool:
    """Whether a folder has a module or package of this name, not a plain folder alone."""
    spec = PathFinder.find_spec(name, [entry])
    return spec is not None and spec.origin is not None


def _main() -> None:
    from harness.cli import app
    from harness.contracts.errors import BadInput, HarnessError

    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # a full disk behind a redirected output shows here, not at exit
    except HarnessError as error:
        sys.exit(_refused(error))
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        from harness.storage import storage_error

        sentence = storage_error(error, Path(error.filename or "."))
        if sentence is None:
            raise
        if error.filename is None:  # a write to an open file, of which only the output is unnamed
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            cure = "Write to another disk; finished work is kept."
            sentence = BadInput("the output", f"cannot be written ({error.strerror})", cure)
        sys.exit(_refused(sentence))


def _refused(error: HarnessError) -> int:
    """Print the sentence; a message of several lines becomes one."""
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return error.exit_code


def _interrupted() -> int:
    print("interrupted; finished work is kept, and the same command continues", file=sys.stderr)
    return INTERRUPTED


if __name__ == "__main__":
    main()
