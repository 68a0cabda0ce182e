"""`python -m harness`: errors a user can mend are one sentence and exit code 2."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line."""
    # Spinning OpenMP workers fight each other on a shared machine; must be set before torch.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from harness.cli import app
    from harness.contracts.errors import HarnessError

    try:
        app()
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
