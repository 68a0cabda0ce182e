"""Why a cell is computed or reused, in a sentence: what `--verbose` says of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contracts import BadInput
from harness.engine.cells.store import Cell, Store, canonical_json
from harness.files.documents import read_object


class Reasons:
    """Compares the cells of a run with those that its folder holds.

    Records are read once for each kind of cell, when the first of its cells is asked about.

    Args:
        store: of the run.

    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, dict[str, Mapping[str, Any]]] = {}  # kind -> label -> inputs

    def of(self, cell: Cell, keep_failed: bool = False) -> str:
        """Label, kind and key of a cell, and what is done about it."""
        head = f"{cell.label}: {cell.kind} {cell.key}"
        if self._store.done(cell):
            return f"{head} is reused from {self._store.path(cell)}"
        if failure := self._store.failure(cell.kind, cell.key):
            done = "is left alone" if keep_failed else "is tried again"
            return f"{head} {done}, as it failed before ({failure['type']}); see {failure['log']}"
        if self._store.path(cell).with_suffix(".partial").is_dir():
            return f"{head} is computed: an earlier attempt was interrupted"
        before = self._inputs(cell.kind).get(cell.label)
        if before is None:
            return f"{head} is computed: {self._store.root.parent} holds no such cell"
        differing = ", ".join(changes(before, cell.inputs))
        return f"{head} is computed: the stored one has another {differing}"

    def _inputs(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """The inputs of the latest finished cell of each label."""
        if kind not in self._known:
            found: dict[str, Mapping[str, Any]] = {}
            paths = self._store.root.glob(f"{kind}/*/cell.json")
            for path in sorted(paths, key=lambda path: path.stat().st_mtime):
                try:
                    record = read_object(path, finite=False)
                    found[str(record["label"])] = dict(record["inputs"])
                except (BadInput, KeyError, TypeError, ValueError):
                    continue  # a damaged record is reported when it is used
            self._known[kind] = found
        return self._known[kind]


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Names of the inputs that differ, as `code` or `options.face_iterations`."""
    found = []
    for name in dict.fromkeys((*before, *now)):
        old, new = before.get(name), now.get(name)
        if canonical_json(old) == canonical_json(new):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += [f"{name}.{part}" for part in changes(old, new)]
        else:
            found.append(name)
    return found or ["nothing that is recorded"]
