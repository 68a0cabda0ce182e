"""Options as users give them, checked against the types of the settings that they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from harness.contracts import BadInput


def check_types(settings: type, values: Mapping[str, Any]) -> None:
    """Refuse a value of another type than the default of the field that it replaces.

    Args:
        settings: a dataclass all of whose fields have defaults.
        values: by field name; other names are left to the caller.

    Raises:
        BadInput: text where a number stands, and the like.

    """
    for field in fields(settings):
        if field.name in values and not _alike(values[field.name], field.default):
            raise BadInput(
                field.name,
                f"it is {values[field.name]!r}, of another type than {field.default!r}",
                "Give a value of that type.",
            )


def _alike(value: Any, default: Any) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, (list, tuple)) and all(_alike(v, default[0]) for v in value)
    if isinstance(default, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type(default)
