"""Finding and reading stored results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from harness.contracts import SCHEMA_VERSION, BadInput, Results
from harness.files.documents import parse_json
from harness.files.reading import read_text
from reports import legacy

FILE = "results.json"

#: Facts of a row's protocol that every report needs.
PROTOCOL: Mapping[str, type | tuple[type, ...]] = {"fps": (int, float), "height": int, "width": int}


def run_folders(path: Path) -> list[Path]:
    """The run folders at or directly below a path.

    Raises:
        BadInput: there is none.
    """
    if (path / FILE).is_file():
        return [path]
    found = sorted(p.parent for p in path.glob(f"*/{FILE}")) if path.is_dir() else []
    if not found:
        fact = f"no {FILE} is there or one folder below"
        raise BadInput(path, fact, "Name the folder that `run --out` wrote, or run first.")
    return found


def read(folder: Path) -> Results:
    """The results of one run folder, of any schema up to the present one.

    Raises:
        BadInput: the file is unreadable, newer than this code, or names files outside its folder.
    """
    path = folder / FILE
    try:
        results = parse(read_text(path, "JSON file"))
    except BadInput as error:
        raise BadInput(path, error.fact, "Run again, or update the harness.") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        fact = f"cannot be read as results ({error})"
        raise BadInput(path, fact, "Run again, or update the harness.") from error
    for row in results.rows:
        for name in (*row.items, *(failure.log for failure in results.failures)):
            inside(folder, name)
        for kinds in row.media.values():
            for kind, name in kinds.items():
                # The losses of an ablation lie in the cells of the run above it. The file name
                # is fixed, and a page shows nothing but numbers of it.
                if kind != "losses" or PurePosixPath(name).name != "losses.jsonl":
                    inside(folder, name)
    return results


def inside(folder: Path, name: str) -> Path:
    """A file that results name.

    Raises:
        BadInput: it is outside the run folder; a page would show any file of the reader's disk.
    """
    path = folder / name
    outside = PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts
    if outside or not path.resolve().is_relative_to(folder.resolve()):
        fact = f"names a file outside its folder, {name!r}"
        cure = "Do not trust these results: `run` and `score` never write such a path."
        raise BadInput(folder / FILE, fact, cure)
    return path


def parse(text: str) -> Results:
    """The text of a `results.json` of any schema.

    Raises:
        ValueError: it is not JSON, of a newer schema, or incomplete.
        LookupError, TypeError, AttributeError: an older schema's field is absent or of another
            type.
    """
    data = parse_json(text, Path(FILE), finite=False)
    if isinstance(version := data["schema_version"], int) and version < 4:
        legacy.upgrade(data)
    results = Results.from_json(data)
    if not results.rows:
        raise ValueError("it has no rows")
    for name, facts in results.columns.items():
        if facts.get("direction") not in ("up", "down", "none"):
            raise ValueError(f"column {name} has no direction")
    for row in results.rows:
        if unknown := row.scores.keys() - results.columns:
            raise ValueError(f"{row.method} has a score without a column, {min(unknown)}")
        for fact, kind in PROTOCOL.items():
            if not isinstance(row.protocol.get(fact), kind):
                raise ValueError(f"the protocol of {row.method} has no {fact}")
    return results


def unchanged(folder: Path, plan: str) -> Results | None:
    """The stored results when they are complete, of the very same plan and this schema, else None.

    An older schema holds less of the same cells: they are gathered again, which is quick.
    """
    try:
        results = read(folder)
    except BadInput:
        return None
    same = (results.provenance.get("plan"), results.schema_version) == (plan, SCHEMA_VERSION)
    return results if same and not results.failures else None
