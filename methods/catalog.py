"""Which methods exist: `methods/*/spec.py`, adapters, and entry points of other packages.

A spec module defines `SPEC`, and so does an adapter in `methods/external/adapters/`; both are
read without importing torch. Videos that somebody rendered are named in a YAML file.
"""

from __future__ import annotations

from functools import cache

from harness.contracts import Method, MethodSpec
from harness.plugins import Problem, collect, load_entry, look_up, modules_in
from methods.external import prerecorded

GROUP = "talking_face_bench.methods"


@cache
def _discover() -> tuple[dict[str, MethodSpec], list[Problem]]:
    own = [m.SPEC for m in modules_in("methods", "spec.py")]
    own += [m.SPEC for m in modules_in("methods.external.adapters", "[!_]*.py")]
    rendered, unread = prerecorded.discover()
    found, problems = collect(MethodSpec, GROUP, [*own, *rendered])
    return found, unread + problems


def specs() -> dict[str, MethodSpec]:
    """All methods by id."""
    return _discover()[0]


def problems() -> list[Problem]:
    """Plug-ins that could not be loaded."""
    return _discover()[1]


def spec(method_id: str) -> MethodSpec:
    """One method's spec.

    Raises:
        BadInput: a plug-in of that name could not be loaded.
        UnknownName: with the nearest known ids.
    """
    return look_up("method", method_id, specs(), problems())


def build(method_id: str) -> Method:
    """A fresh instance of the method; imports its code."""
    return load_entry(spec(method_id).entry)()
