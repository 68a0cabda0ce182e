"""`python -m harness`: errors a user can mend are one sentence and exit code 2."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.contracts.errors import HarnessError

#: Exit code of a run that Ctrl-C ended (128 + SIGINT).
INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    # Spinning OpenMP workers fight each other on a shared machine; must be set before torch.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        _main()
    except KeyboardInterrupt:
        sys.exit(_interrupted())
    except SystemExit as leave:
        # Typer turns Ctrl-C into this silent exit.
        if leave.code == INTERRUPTED:
            _interrupted()
        raise


def _main() -> None:
    from harness.cli import app
    from harness.contracts.errors import HarnessError

    try:
        app()
    except HarnessError as error:
        sys.exit(_refused(error))
    except OSError as error:
        from harness.storage import storage_error

        sentence = storage_error(error, Path(error.filename or "."))
        if sentence is None:
            raise
        sys.exit(_refused(sentence))


def _refused(error: HarnessError) -> int:
    """Print the sentence; a message of several lines becomes one."""
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return error.exit_code


def _interrupted() -> int:
    print("interrupted; nothing is half-written, and the same command goes on", file=sys.stderr)
    return INTERRUPTED


if __name__ == "__main__":
    main()
