"""What a requested row means for its method: driving signals, preset, options, and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contracts import BadInput, MethodSpec, UnknownName
from harness.engine.request import MethodRow
from harness.engine.work.rendering import SHUFFLED


def drives_of(spec: MethodSpec) -> tuple[str, ...]:
    """Drives of a method in a run: its own, and the shuffled control for real methods."""
    if spec.role != "method":
        return spec.drives[:1]
    return (*spec.drives, SHUFFLED) if spec.takes_sound else spec.drives


def preset_of(spec: MethodSpec, wanted: str | None) -> str:
    """The preset to use; baselines that know only one keep it.

    Raises:
        UnknownName: the method has presets, but not this one.

    """
    if wanted is None or spec.role != "method":
        return spec.default_preset
    if wanted not in spec.presets:
        raise UnknownName(f"preset of {spec.id}", wanted, spec.presets)
    return wanted


def options_of(spec: MethodSpec, row: MethodRow) -> dict[str, Any]:
    """The preset with the row's options over it; baselines take no options."""
    changes = row.options if spec.role == "method" else {}
    return {**spec.presets[preset_of(spec, row.preset)], **changes}


def name_of(spec: MethodSpec, row: MethodRow) -> str:
    """Name of the row, with what differs from the method's defaults."""
    if row.variant:
        return f"{spec.id}: {row.variant}"
    if spec.role != "method":
        return spec.id
    preset = preset_of(spec, row.preset)
    changes = [preset] if preset != spec.default_preset else []
    changes += [f"{key}={value}" for key, value in sorted(row.options.items())]
    return f"{spec.id} ({', '.join(changes)})" if changes else spec.id


def checked_options(spec: MethodSpec, options: Mapping[str, Any]) -> None:
    """Refuse an option whose type differs from the presets'; methods refuse unknown names.

    Raises:
        BadInput: text instead of a number, and the like.

    """
    for name, value in options.items():
        known = [preset[name] for preset in spec.presets.values() if name in preset]
        kinds = {_kind(other) for other in known}
        wider = kinds | ({"a whole number"} if "a number" in kinds else set())
        if known and _kind(value) not in wider:
            raise BadInput(
                f"--set {name}",
                f"{value!r} is {_kind(value)}, and {' or '.join(sorted(kinds))} is expected",
                f"Write for example --set {name}={known[0]}.",
            )


def _kind(value: Any) -> str:
    """The type of an option in plain words."""
    if isinstance(value, list | tuple) and value:
        return f"a list ({', '.join(sorted({_kind(entry) for entry in value}))})"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    names |= {list: "a list", tuple: "a list", dict: "a mapping", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)
