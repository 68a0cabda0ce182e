"""Finding what is registered: our own files, then other packages' entry points.

A plug-in that fails to load is never fatal and never silent: it is kept as a `Problem`
with the reason, and `list` and `doctor` show it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A plug-in that could not be loaded, and why."""

    origin: str
    reason: str


def modules_in(package: str, file: str) -> Iterator[ModuleType]:
    """Import every module of that file name below a package, and nothing else of it.

    Found by path: walking the packages would import each of them, and torch with some.
    """
    root = importlib.import_module(package)
    for folder in root.__path__:
        for path in sorted(Path(folder).rglob(file)):
            parts = path.relative_to(folder).with_suffix("").parts
            yield importlib.import_module(".".join([package, *parts]))


def external(group: str) -> tuple[list[Any], list[Problem]]:
    """Objects that other packages registered under an entry-point group, and what failed."""
    loaded: list[Any] = []
    problems: list[Problem] = []
    for point in entry_points(group=group):
        try:
            loaded.append(point.load())
        except Exception as error:  # a third party's import may raise anything
            problems.append(Problem(f"{group}:{point.name}", f"{type(error).__name__}: {error}"))
    return loaded, problems


def by_id(specs: Iterable[Any], problems: list[Problem]) -> dict[str, Any]:
    """Specs by their `id`; the first of two equal ids stays, the other becomes a problem."""
    table: dict[str, Any] = {}
    for spec in specs:
        if spec.id in table:
            problems.append(Problem(spec.entry, f"id {spec.id!r} is taken already"))
        else:
            table[spec.id] = spec
    return table


@cache
def load_entry(entry: str) -> Any:
    """The object that `module:attribute` names."""
    module, _, attribute = entry.partition(":")
    return getattr(importlib.import_module(module), attribute)
