"""Options as users give them, checked against the types of the settings that they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from harness.contracts import BadInput


def options_of(settings: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for the fields of some settings, each of the type of the default that it replaces.

    Args:
        settings: a dataclass all of whose fields have defaults.
        values: by field name; lists count as tuples, and other names are left to the caller.

    Raises:
        BadInput: text where a number stands, and the like.

    """
    found = {}
    for field in fields(settings):
        if field.name in values:
            value = values[field.name]
            if not _alike(value, field.default):
                fact = f"it is {value!r}, but the default {field.default!r} is of another type"
                raise BadInput(field.name, fact, "Give a value of the default's type.")
            found[field.name] = tuple(value) if isinstance(value, list) else value
    return found


def _alike(value: Any, default: Any) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, (list, tuple)) and all(_alike(v, default[0]) for v in value)
    if isinstance(default, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type(default)
