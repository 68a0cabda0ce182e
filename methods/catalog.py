"""Which methods exist: `methods/*/spec.py`, adapters, and entry points of other packages.

A spec module defines `SPEC`, and so does an adapter in `methods/external/adapters/`; both are
read without importing torch. Videos that somebody rendered are named in a YAML file.
"""

from __future__ import annotations

from functools import cache

from harness.contracts import Method, MethodSpec, UnknownName
from harness.plugins import Problem, by_id, external, load_entry, modules_in
from methods.external import prerecorded

GROUP = "talking_face_bench.methods"


@cache
def _discover() -> tuple[dict[str, MethodSpec], list[Problem]]:
    own = [m.SPEC for m in modules_in("methods", "spec.py")]
    own += [m.SPEC for m in modules_in("methods.external.adapters", "[!_]*.py")]
    rendered, problems = prerecorded.discover()
    others, more = external(GROUP)
    problems += more
    return by_id([*own, *rendered, *others], problems), problems


def specs() -> dict[str, MethodSpec]:
    """All methods by id."""
    return _discover()[0]


def problems() -> list[Problem]:
    """Plug-ins that could not be loaded."""
    return _discover()[1]


def spec(method_id: str) -> MethodSpec:
    """One method's spec.

    Raises:
        UnknownName: with the nearest known ids.
    """
    if method_id not in specs():
        raise UnknownName("method", method_id, specs())
    return specs()[method_id]


def build(method_id: str) -> Method:
    """A fresh instance of the method; imports its code."""
    return load_entry(spec(method_id).entry)()
