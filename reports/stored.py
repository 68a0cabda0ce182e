"""Finding and reading stored results."""

from __future__ import annotations

import json
from pathlib import Path

from harness.contracts import SCHEMA_VERSION, BadInput, Results

FILE = "results.json"


def run_folders(path: Path) -> list[Path]:
    """The run folders at or directly below a path.

    Raises:
        BadInput: there is none.
    """
    if (path / FILE).is_file():
        return [path]
    found = sorted(p.parent for p in path.glob(f"*/{FILE}")) if path.is_dir() else []
    if not found:
        raise BadInput(
            path,
            f"no {FILE} is there or one folder below",
            "Name the folder that `run --out` wrote, or run first.",
        )
    return found


def read(folder: Path) -> Results:
    """The results of one run folder, of any schema up to the present one.

    Raises:
        BadInput: the file is unreadable or newer than this code.
    """
    path = folder / FILE
    try:
        results = Results.from_json(json.loads(path.read_text("utf-8")))
        if not results.rows:
            raise ValueError("it has no rows")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            path, f"cannot be read as results ({error})", "Run again, or update the harness."
        ) from error
    return results


def unchanged(folder: Path, plan: str) -> Results | None:
    """The stored results when they are complete, of the very same plan and this schema, else None.

    An older schema holds less of the same cells: they are gathered again, which is quick.
    """
    if not (folder / FILE).is_file():
        return None
    try:
        results = read(folder)
    except BadInput:
        return None
    same = (results.provenance.get("plan"), results.schema_version) == (plan, SCHEMA_VERSION)
    return results if same and not results.failures else None
