"""Training stages that several fits of a run share, stored among its cells.

A method names its stages and what determines each; the key adds the rest: training set, seed,
device and the method's code. A stage is therefore trained once, by the fit that comes first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.contracts import StageCache
from harness.engine.cells.store import Cell, Store

#: Kind of cell, and its folder below `cells/`.
KIND = "stage"


class SharedStages(StageCache):
    """The finished stages that one fit may reuse, and where it stores its own.

    Args:
        store: of the run.
        fit: the cell of the fit; all of its inputs except the options determine every stage.

    Attributes:
        trained: stages that this fit computed itself.
        reused: stages of another fit.
        saved: seconds that those took there.

    """

    def __init__(self, store: Store, fit: Cell) -> None:
        self._store, self._fit = store, fit
        self._common = {name: value for name, value in fit.inputs.items() if name != "options"}
        self.trained: list[str] = []
        self.reused: list[str] = []
        self.saved = 0.0
        self._missed: dict[str, float] = {}  # key -> time at which the stage was found missing

    def _cell(self, stage: str, inputs: Mapping[str, Any]) -> Cell:
        return Cell(
            KIND,
            f"{self._fit.label} · {stage}",
            {**self._common, "name": stage, "inputs": dict(inputs)},
        )

    def find(self, stage: str, inputs: Mapping[str, Any]) -> Path | None:
        """The folder of a finished stage."""
        cell = self._cell(stage, inputs)
        if not self._store.done(cell):
            self._missed[cell.key] = time.perf_counter()
            return None
        self.reused.append(stage)
        self.saved += self._store.record(cell).get("seconds", 0.0)
        return self._store.path(cell)

    @contextmanager
    def keep(self, stage: str, inputs: Mapping[str, Any]) -> Iterator[Path]:
        """A folder to put a stage's files in."""
        cell = self._cell(stage, inputs)
        with self._store.open(cell) as (folder, record):
            yield folder
            now = time.perf_counter()
            record["seconds"] = now - self._missed.get(cell.key, now)
        self.trained.append(stage)
