"""`list`: what is registered, whether it can run here, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

    from harness.contracts import MethodSpec
    from harness.plugins import Problem


def listing(
    kind: Annotated[
        str, typer.Argument(help="What to list: methods, metrics, splits, presets, grids or all.")
    ] = "all",
) -> None:
    """List methods, metrics, splits, presets and grids.

    Licences, needs, and whether they can run on this machine.
    """
    from rich.console import Console

    from harness.contracts import UnknownName

    tables = {
        "methods": methods_table,
        "metrics": metrics_table,
        "splits": splits_table,
        "presets": presets_table,
        "grids": grids_table,
    }
    if kind != "all" and kind not in tables:
        raise UnknownName("kind of list", kind, [*tables, "all"])
    console = Console()
    for name, build in tables.items():
        if kind in ("all", name):
            console.print(build())
    for problem in plugin_problems():
        text = f"plug-in {problem.origin} failed to load: {problem.reason}"
        console.print(text, style="red", markup=False)


def plugin_problems() -> list[Problem]:
    """Plug-ins of other packages that could not be loaded."""
    from methods import catalog as methods
    from metrics import catalog as metrics
    from splits import catalog as splits

    return [*methods.problems(), *metrics.problems(), *splits.problems()]


def new_table(title: str, *columns: str) -> Table:
    """A table in our common style; its cells are plain text, so `[extra]` is not read as markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    class PlainTable(Table):
        def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
            super().add_row(*(Text(str(cell)) for cell in cells), **options)

    table = PlainTable(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=index == 0)
    return table


def blocks(title: str, entries: list[tuple[str, list[tuple[str, str]]]]) -> Group:
    """Entries as short paragraphs, which stay readable at any width; empty lines are left out."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = [Text(title, style="bold")]
    for head, lines in entries:
        parts.append(Text(head))
        parts += [
            Padding(Text(f"{name:<9}{text}"), (0, 0, 0, 2), expand=False)
            for name, text in lines
            if text
        ]
    return Group(*parts, Text(""))


def methods_table() -> Group:
    """Methods with licence, driving signals and needed signals."""
    from methods import catalog

    entries = [
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
    return blocks("Methods", entries)


def checkout_state(spec: MethodSpec) -> str:
    """Whether a method's checkout is configured; `verify` checks it in detail."""
    from harness.contracts import HarnessError
    from methods.external import adapters
    from methods.external.run.environment import environment_of

    if not spec.entry.startswith(f"{adapters.__name__}."):
        return ""
    try:
        found = environment_of(spec.id, "")
    except HarnessError:
        return "needs a checkout (see `verify`)"
    return "has a checkout" if found.licence else "licence not accepted (see `verify`)"


def metrics_table() -> Group:
    """Metrics with columns and whether they can run here."""
    from harness.engine.requirements import missing_means
    from metrics import catalog

    arrows = {"up": "↑", "down": "↓", "none": ""}
    entries = []
    for spec in catalog.specs().values():
        gap = missing_means(spec)
        state = f"needs {gap.kind} {', '.join(gap.names)}" if gap else "ready"
        side = [f"{name} of the prediction" for name in spec.predicted]
        needs = [*spec.signals, *side, *spec.weights, *spec.packages]
        entries.append(
            (
                f"{spec.id} · {state}",
                [
                    ("columns", ", ".join(f"{c.name}{arrows[c.direction]}" for c in spec.columns)),
                    ("needs", ", ".join(needs)),
                    ("domain", spec.domain),
                ],
            )
        )
    return blocks("Metrics", entries)


def splits_table() -> Table:
    """Splits with size, licence and source."""
    from splits import catalog

    table = new_table("Splits", "name", "sequences", "fps", "size", "licence", "source")
    for manifest in catalog.manifests().values():
        height, width = manifest.resolution
        table.add_row(
            manifest.name,
            str(len(manifest.sequences)),
            f"{manifest.fps:g}",
            f"{height}x{width}",
            manifest.licence,
            manifest.source,
        )
    return table


def presets_table() -> Table:
    """Presets of the methods that have options."""
    from methods import catalog

    table = new_table("Presets", "method", "preset", "settings")
    for spec in catalog.specs().values():
        for name, preset in spec.presets.items():
            if not preset:
                continue
            mark = " (default)" if name == spec.default_preset else ""
            settings = ", ".join(f"{key}={value}" for key, value in preset.items())
            table.add_row(spec.id, name + mark, settings)
    return table


def grids_table() -> Group:
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
    return blocks("Grids for `ablate` (reference row first)", entries)
