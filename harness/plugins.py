"""Finding what is registered: our own files, then other packages' entry points.

A plug-in that fails to load is neither fatal nor silent: it is left out and kept as a `Problem`
with the reason, which `list` and `doctor` show.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from harness.contracts import BadInput, UnknownName

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """A plug-in that could not be loaded, and why."""

    origin: str
    reason: str
    name: str = ""  # of its entry point, if it has one


def modules_in(package: str, file: str) -> Iterator[ModuleType]:
    """Import every module of that file name below a package, and nothing else of it.

    Found by path: walking the packages would import all of them, some with torch.
    """
    root = importlib.import_module(package)
    for folder in root.__path__:
        for path in sorted(Path(folder).rglob(file)):
            parts = path.relative_to(folder).with_suffix("").parts
            yield importlib.import_module(".".join([package, *parts]))


def collect(
    kind: type[T],
    group: str,
    own: Iterable[T],
    read: Callable[[Any], Iterable[Any]] = lambda value: (value,),
    key: Callable[[T], str] = attrgetter("id"),
) -> tuple[dict[str, T], list[Problem]]:
    """Our own specs, then those that other packages registered, by their key.

    The first of two equal keys stays, the other becomes a problem.

    Args:
        kind: what every spec must be.
        group: entry-point group of the plug-ins.
        own: the specs of this repository.
        read: gives the specs of what an entry point holds.
        key: of a spec.

    """
    table: dict[str, T] = {}
    problems: list[Problem] = []

    def add(spec: T, origin: str, name: str = "") -> None:
        if key(spec) in table:
            problems.append(Problem(origin, f"the name {key(spec)!r} is already taken", name))
        else:
            table[key(spec)] = spec

    for spec in own:
        add(spec, f"{kind.__name__} {key(spec)}")
    for point in entry_points(group=group):
        try:

            def load(point: EntryPoint = point) -> list[Any]:
                return list(read(point.load()))

            if not survives(load):
                raise ImportError("it ends the process")
            specs = load()
            for spec in specs:
                if not isinstance(spec, kind):
                    raise TypeError(f"it provides {type(spec).__name__}, not {kind.__name__}")
        except BaseException as error:  # a third party's import may raise anything at all
            reason = f"{type(error).__name__}: {error}"
            problems.append(Problem(origin_of(point), reason, point.name))
            continue
        for spec in specs:
            add(spec, origin_of(point), point.name)
    return table, problems


def survives(load: Callable[[], object]) -> bool:
    """Whether loading a plug-in leaves the process alive, in a copy of it; raising does.

    A plug-in that calls `os._exit` or crashes in native code would end every command, and with
    them `list` and `doctor`, which could say what is wrong.
    """
    if not hasattr(os, "fork"):
        return True
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            with suppress(BaseException):
                load()
            os.write(send, b"1")
        os._exit(0)
    os.close(send)
    with open(receive, "rb") as answer:
        alive = answer.read() == b"1"
    os.waitpid(child, 0)
    return alive


def origin_of(point: EntryPoint) -> str:
    """An entry point as its package declares it, and which package that is."""
    package = f" of {point.dist.name}" if point.dist else ""
    return f"{point.group}: {point.name} = {point.value}{package}"


def look_up(kind: str, name: str, known: Mapping[str, T], problems: Iterable[Problem]) -> T:
    """The spec of that name.

    Raises:
        BadInput: a plug-in of that name could not be loaded.
        UnknownName: there is none; the message offers the nearest names.

    """
    if name in known:
        return known[name]
    for problem in problems:
        if problem.name in (name, name.partition("@")[0]):  # a split may be named by version
            fact = f"its plug-in ({problem.origin}) failed to load: {problem.reason}"
            raise BadInput(f"{kind} {name!r}", fact, "Fix or uninstall that package.")
    raise UnknownName(kind, name, known)


@cache
def load_entry(entry: str) -> Any:
    """The object that `module:attribute` names."""
    module, _, attribute = entry.partition(":")
    return getattr(importlib.import_module(module), attribute)
