"""Ablation grids: named rows over a method's switches, read from YAML and checked.

Shipped grids lie beside their method, `methods/METHOD/grids/*.yaml`; any other file may be named
by its path.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from harness.contracts import BadInput, MethodSpec, UnknownName
from harness.files.documents import read_declared

_Seed = Annotated[int, Field(ge=0)]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GridRow(_Declared):
    """One row: what it changes, how it is driven, and what the paper prints for it."""

    name: str = Field(min_length=1)
    set: dict[str, Any] = Field(default_factory=dict)  # options over the preset
    drive: str | None = None  # None: the grid's
    seeds: tuple[_Seed, ...] | None = Field(default=None, min_length=1)  # None: the grid's
    paper: dict[str, FiniteFloat] = Field(default_factory=dict)  # column family -> value
    note: str = ""


class PaperSource(_Declared):
    """Where the paper's values stand, and under which protocol they were measured."""

    source: str = Field(min_length=1)
    note: str = Field(min_length=1)


class Grid(_Declared):
    """A declarative ablation table."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    method: str
    reference: str  # the row that all others are compared with
    rows: tuple[GridRow, ...] = Field(min_length=2)
    seeds: tuple[_Seed, ...] = Field(default=(0,), min_length=1)
    drive: str | None = None  # None: the method's first
    columns: tuple[str, ...] = ()  # to show; a name without variant is the family's
    paper: PaperSource | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Grid:
        names = [row.name for row in self.rows]
        files = [re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-") for name in names]
        twice = sorted({n for n, file in zip(names, files, strict=True) if files.count(file) > 1})
        if twice:
            raise ValueError(f"two rows are called {', '.join(twice)} (punctuation is ignored)")
        if self.reference not in names:
            raise ValueError(f"the reference {self.reference!r} is not one of {', '.join(names)}")
        if self.paper is None and any(row.paper for row in self.rows):
            raise ValueError("rows have a paper's values, and `paper` does not say which paper")
        return self


def read_grid(path: Path) -> Grid:
    """A grid from a YAML file.

    Raises:
        BadInput: the file is missing, is not YAML, or does not describe a grid; names the field
            and what it should be.

    """
    return read_declared(path, Grid, "grid", "See methods/ua3dtalk/grids for examples.")


def shipped_grids(spec: MethodSpec) -> Mapping[str, Path]:
    """The grids beside a method, by name; the method itself is not imported."""
    package = spec.entry.partition(":")[0].rpartition(".")[0]
    found = importlib.util.find_spec(package) if package else None
    folders = list(found.submodule_search_locations or ()) if found else []
    return {
        path.stem: path
        for folder in folders
        for path in sorted((Path(folder) / "grids").glob("*.yaml"))
    }


def find_grid(spec: MethodSpec, name: str) -> Grid:
    """A shipped grid by name, or any by the path of its file.

    Raises:
        UnknownName: no such grid; offers the nearest names.
        BadInput: the file is no grid, or one of another method.

    """
    shipped = shipped_grids(spec)
    is_path = os.sep in name or name.endswith((".yaml", ".yml"))
    if not is_path and name not in shipped:
        raise UnknownName(f"grid of {spec.id}", name, shipped)
    path = Path(name) if is_path else shipped[name]
    grid = read_grid(path)
    if grid.method != spec.id:
        raise BadInput(path, f"it is a grid of {grid.method}, not of {spec.id}", "Name another.")
    return grid
