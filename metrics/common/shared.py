"""Networks and detectors that several metrics hold at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

Thing = TypeVar("Thing")

#: Weak, so that a network leaves memory with the last metric that holds it, and MediaPipe's
#: threads end before the interpreter does.
_HELD: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


def shared(make: Callable[..., Thing], *arguments: Any) -> Thing:
    """What `make` gives for these arguments; one for all who hold it at the same time."""
    key = (make, *arguments)
    held: Thing | None = _HELD.get(key)
    if held is None:
        held = _HELD[key] = make(*arguments)
    return held
