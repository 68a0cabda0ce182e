"""Training stages that several fits of a run have in common, kept among its cells.

A method names its stages and what decides each; the store's key adds the rest: recording, seed,
device and the method's code. A stage is therefore trained once, whichever fit comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.contracts import StageCache
from harness.runner.store import Cell, Store

#: Kind of cell, and its folder below `cells/`.
KIND = "stage"


class SharedStages(StageCache):
    """The finished stages that one fit may take, and where it leaves its own.

    Args:
        store: of the run.
        fit: the cell of the fit; all of its inputs but the options decide every stage.

    Attributes:
        trained: stages that this fit did itself.
        reused: stages that it took from another fit.

    """

    def __init__(self, store: Store, fit: Cell) -> None:
        self._store, self._fit = store, fit
        self._common = {name: value for name, value in fit.inputs.items() if name != "config"}
        self.trained: list[str] = []
        self.reused: list[str] = []

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
            return None
        self.reused.append(stage)
        return self._store.path(cell)

    @contextmanager
    def keep(self, stage: str, inputs: Mapping[str, Any]) -> Iterator[Path]:
        """A folder to put a stage's files in."""
        with self._store.open(self._cell(stage, inputs)) as (folder, _):
            yield folder
        self.trained.append(stage)
