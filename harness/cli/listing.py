"""`list`: what is registered, whether it can run here, and if not, why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.shared.blocks import AsJson, FactBlock, print_document, show
from harness.contracts import HarnessError, MethodSpec, UnknownName

if TYPE_CHECKING:
    from harness.plugins import Problem

#: What is known of one entry: plain values, the same for people and for `--json`.
Entry = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of what is registered.

    entries: all of them; head: the first line of one; shown: its facts below that, by name.
    """

    title: str
    entries: Callable[[], list[Entry]]
    head: Callable[[Entry], str]
    shown: tuple[str, ...]

    def block(self, entry: Entry) -> FactBlock:
        """An entry as people read it."""
        return FactBlock(
            self.head(entry), tuple((name, text_of(entry[name])) for name in self.shown)
        )


def listing(
    kind: Annotated[
        str, typer.Argument(help="What to list: methods, metrics, splits, presets, grids or all.")
    ] = "all",
    as_json: AsJson = False,
) -> None:
    """List methods, metrics, splits, presets and grids.

    Licences, needs, and whether they can run on this machine.
    """
    if kind != "all" and kind not in KINDS:
        raise UnknownName("kind of list", kind, [*KINDS, "all"])
    chosen = {name: one for name, one in KINDS.items() if kind in ("all", name)}
    if as_json:
        problems = [{"origin": one.origin, "reason": one.reason} for one in plugin_problems()]
        found = {name: one.entries() for name, one in chosen.items()}
        print_document(**found, problems=problems)
        return
    for one in chosen.values():
        typer.secho(one.title, bold=True)
        show(map(one.block, one.entries()))
        print()
    for problem in plugin_problems():
        typer.secho(f"plug-in {problem.origin} failed to load: {problem.reason}", fg="red")


def text_of(value: Any) -> str:
    """A value of an entry for people: lists by commas, options as `name=value`."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={one}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(column_text, value))
    return str(value)


def column_text(value: Any) -> str:
    """An element of a list: a column with the arrow of its direction, or a name."""
    from reports.layout import ARROWS

    return f"{value['name']}{ARROWS[value['direction']]}" if isinstance(value, dict) else str(value)


def plugin_problems() -> list[Problem]:
    """Plug-ins of other packages that could not be loaded."""
    import methods.catalog
    import metrics.catalog
    import splits.catalog

    catalogs = (methods.catalog, metrics.catalog, splits.catalog)
    return [problem for catalog in catalogs for problem in catalog.problems()]


def methods() -> list[Entry]:
    """Methods with driving signals, needed signals, licence and paper."""
    from methods import catalog

    return [
        {
            "id": spec.id,
            "title": spec.title,
            "role": spec.role,
            "checkout": checkout_state(spec),
            "drives": list(spec.drives),
            "needs": list(spec.signals),
            "licence": spec.licence,
            "paper": spec.paper,
        }
        for spec in catalog.specs().values()
    ]


def method_head(entry: Entry) -> str:
    """Id, role, and whether the checkout of an external method is there."""
    return " · ".join(part for part in (entry["id"], entry["role"], entry["checkout"]) if part)


def checkout_state(spec: MethodSpec) -> str:
    """Whether a method's checkout is configured; `verify` checks it in detail."""
    from methods.external import adapters
    from methods.external.run.environment import environment_of

    if not spec.entry.startswith(f"{adapters.__name__}."):
        return ""
    try:
        found = environment_of(spec.id, "")
    except HarnessError:
        return "needs a checkout (see `verify`)"
    return "has a checkout" if found.licence else "licence not accepted (see `verify`)"


def metrics() -> list[Entry]:
    """Metrics with columns and whether they can run here."""
    from harness.engine.requirements import missing_means
    from metrics import catalog

    entries = []
    for spec in catalog.specs().values():
        gap = missing_means(spec)
        predicted = [f"{name} of the prediction" for name in spec.predicted]
        entries.append(
            {
                "id": spec.id,
                "title": spec.title,
                "ready": gap is None,
                "lacks": {"kind": gap.kind, "names": list(gap.names)} if gap else None,
                "columns": [
                    {"name": one.name, "direction": one.direction, "unit": one.unit}
                    for one in spec.columns
                ],
                "needs": [*spec.signals, *predicted, *spec.weights, *spec.packages],
                "domain": spec.domain,
            }
        )
    return entries


def metric_head(entry: Entry) -> str:
    """Id, and what is lacking."""
    gap = entry["lacks"]
    return f"{entry['id']} · " + (
        f"needs {gap['kind']} {text_of(gap['names'])}" if gap else "ready"
    )


def splits() -> list[Entry]:
    """Splits with size, licence and source."""
    from splits import catalog

    entries = []
    for manifest in catalog.manifests().values():
        count, (height, width) = len(manifest.sequences), manifest.resolution
        entries.append(
            {
                "id": manifest.name,
                "sequences": count,
                "height": height,
                "width": width,
                "fps": manifest.fps,
                "size": f"{count} sequence{'s' if count > 1 else ''} of {height}x{width} "
                f"at {manifest.fps:g} fps",
                "licence": manifest.licence,
                "source": manifest.source,
            }
        )
    return entries


def presets() -> list[Entry]:
    """Presets of the methods that have options."""
    from methods import catalog

    return [
        {
            "method": spec.id,
            "id": name,
            "default": name == spec.default_preset,
            "options": dict(preset),
        }
        for spec in catalog.specs().values()
        for name, preset in spec.presets.items()
        if preset
    ]


def preset_head(entry: Entry) -> str:
    """Method and preset."""
    return f"{entry['method']} · {entry['id']}{' (default)' * entry['default']}"


def grids() -> list[Entry]:
    """Ablation grids that are shipped with the methods; the reference row is the first."""
    from harness.ablation.grid import read_grid, shipped_grids
    from methods import catalog

    entries = []
    for spec in catalog.specs().values():
        for name, path in shipped_grids(spec).items():
            grid = read_grid(path)
            rows = [grid.reference, *(r.name for r in grid.rows if r.name != grid.reference)]
            entries.append({"method": spec.id, "id": name, "title": grid.title, "rows": rows})
    return entries


KINDS = {
    "methods": Kind("Methods", methods, method_head, ("drives", "needs", "licence", "paper")),
    "metrics": Kind("Metrics", metrics, metric_head, ("columns", "needs", "domain")),
    "splits": Kind("Splits", splits, lambda one: one["id"], ("size", "licence", "source")),
    "presets": Kind("Presets", presets, preset_head, ("options",)),
    "grids": Kind(
        "Grids for `ablate` (reference row first)",
        grids,
        lambda one: f"{one['method']} · {one['id']}",
        ("title", "rows"),
    ),
}
