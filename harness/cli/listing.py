"""`list`: what is registered, whether it can run here, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.contracts import HarnessError, MethodSpec, UnknownName

if TYPE_CHECKING:
    from rich.console import Console

    from harness.plugins import Problem

#: What is listed: a heading line, and below it lines of a name and a text.
Entries = list[tuple[str, list[tuple[str, str]]]]


def listing(
    kind: Annotated[
        str, typer.Argument(help="What to list: methods, metrics, splits, presets, grids or all.")
    ] = "all",
) -> None:
    """List methods, metrics, splits, presets and grids.

    Licences, needs, and whether they can run on this machine.
    """
    from rich.console import Console

    kinds = {
        "methods": ("Methods", methods),
        "metrics": ("Metrics", metrics),
        "splits": ("Splits", splits),
        "presets": ("Presets", presets),
        "grids": ("Grids for `ablate` (reference row first)", grids),
    }
    if kind != "all" and kind not in kinds:
        raise UnknownName("kind of list", kind, [*kinds, "all"])
    console = Console()
    for name, (title, entries) in kinds.items():
        if kind in ("all", name):
            show(console, title, entries())
    for problem in plugin_problems():
        text = f"plug-in {problem.origin} failed to load: {problem.reason}"
        console.print(text, style="red", markup=False)


def plugin_problems() -> list[Problem]:
    """Plug-ins of other packages that could not be loaded."""
    import methods.catalog
    import metrics.catalog
    import splits.catalog

    catalogs = (methods.catalog, metrics.catalog, splits.catalog)
    return [problem for catalog in catalogs for problem in catalog.problems()]


def show(console: Console, title: str, entries: Entries) -> None:
    """Print entries as short paragraphs, which stay readable at any width, without empty lines."""
    from rich.padding import Padding
    from rich.text import Text

    console.print(Text(title, style="bold"))
    # As `Text`, since rich takes brackets in a string for markup.
    for head, lines in entries:
        console.print(Text(head))
        for name, text in lines:
            if text:
                console.print(Padding(Text(f"{name:<9}{text}"), (0, 0, 0, 2), expand=False))
    console.print()


def methods() -> Entries:
    """Methods with driving signals, needed signals, licence and paper."""
    from methods import catalog

    return [
        (
            " · ".join(part for part in (spec.id, spec.role, checkout_state(spec)) if part),
            [
                ("drives", ", ".join(spec.drives)),
                ("needs", ", ".join(spec.signals)),
                ("licence", spec.licence),
                ("paper", spec.paper),
            ],
        )
        for spec in catalog.specs().values()
    ]


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


def metrics() -> Entries:
    """Metrics with columns and whether they can run here."""
    from harness.engine.requirements import missing_means
    from metrics import catalog
    from reports.layout import ARROWS

    entries = []
    for spec in catalog.specs().values():
        gap = missing_means(spec)
        state = f"needs {gap.kind} {', '.join(gap.names)}" if gap else "ready"
        predicted = [f"{name} of the prediction" for name in spec.predicted]
        needs = [*spec.signals, *predicted, *spec.weights, *spec.packages]
        columns = ", ".join(f"{c.name}{ARROWS[c.direction]}" for c in spec.columns)
        lines = [("columns", columns), ("needs", ", ".join(needs)), ("domain", spec.domain)]
        entries.append((f"{spec.id} · {state}", lines))
    return entries


def splits() -> Entries:
    """Splits with size, licence and source."""
    from splits import catalog

    entries = []
    for manifest in catalog.manifests().values():
        count, (height, width) = len(manifest.sequences), manifest.resolution
        sequences = f"{count} sequence{'s' if count > 1 else ''}"
        size = f"{sequences} of {height}x{width} at {manifest.fps:g} fps"
        lines = [("size", size), ("licence", manifest.licence), ("source", manifest.source)]
        entries.append((manifest.name, lines))
    return entries


def presets() -> Entries:
    """Presets of the methods that have options."""
    from methods import catalog

    return [
        (
            f"{spec.id} · {name}{' (default)' if name == spec.default_preset else ''}",
            [("options", ", ".join(f"{key}={value}" for key, value in preset.items()))],
        )
        for spec in catalog.specs().values()
        for name, preset in spec.presets.items()
        if preset
    ]


def grids() -> Entries:
    """Ablation grids that are shipped with the methods."""
    from harness.ablation.grid import read_grid, shipped_grids
    from methods import catalog

    entries = []
    for spec in catalog.specs().values():
        for name, path in shipped_grids(spec).items():
            grid = read_grid(path)
            rows = [grid.reference, *(r.name for r in grid.rows if r.name != grid.reference)]
            lines = [("title", grid.title), ("rows", ", ".join(rows))]
            entries.append((f"{spec.id} · {name}", lines))
    return entries
