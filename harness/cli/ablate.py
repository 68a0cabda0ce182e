"""`ablate`: a grid of variants of one method, trained, scored and compared row by row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    Device,
    Metrics,
    Preset,
    Seeds,
    parse_metrics,
    parse_names,
    parse_overrides,
    resolve_device,
)

if TYPE_CHECKING:
    from harness.contracts import Results


def ablate(
    method: Annotated[str, typer.Option(help="Method id.")],
    grid: Annotated[
        str, typer.Option(help="A shipped grid (see `list grids`), or the path of a YAML file.")
    ] = "table2",
    split: Annotated[
        str, typer.Option(help="Split name, or the folder of a prepared video.")
    ] = "synthetic-mini",
    sequences: Annotated[
        str | None, typer.Option(help="Recordings of the split, comma-separated; default: all.")
    ] = None,
    seed: Seeds = None,
    preset: Preset = None,
    device: Device = "auto",
    metrics: Metrics = None,
    out: Annotated[Path, typer.Option(help="Folder for cells, results and tables.")] = Path("runs"),
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one entry of the preset in all rows: KEY=VALUE."),
    ] = None,
) -> None:
    """Train, score and compare the rows of an ablation grid.

    Each row is held against the grid's reference row, with intervals and Holm's correction.
    """
    from harness.ablation import formats as ablation_tables
    from harness.ablation import sections
    from harness.ablation import table as ablation
    from harness.ablation.grid import find_grid
    from harness.ablation.request import AblationRequest, described, make_plan
    from harness.cli.closing import carry_out
    from harness.engine.results import plan_key
    from harness.engine.run import Runner
    from harness.engine.store import write_json
    from methods import catalog as methods

    chosen = find_grid(methods.spec(method), grid)
    request = AblationRequest(
        split=split,
        seeds=tuple(dict.fromkeys(seed)) if seed else None,
        sequences=parse_names("--sequences", sequences, "a,b"),
        preset=preset,
        device=resolve_device(device),
        metrics=parse_metrics(metrics),
        overrides=parse_overrides(set_ or []),
    )
    plan = make_plan(chosen, request)
    home = out / plan.manifest.name
    folder = home / "ablations" / chosen.id

    def compared(_: Results) -> str:
        write_json(folder / ablation.FILE, described(chosen, request))
        return ablation_tables.write(folder)["table"]

    runner = Runner(folder, request.device, cells=home, share_stages=True)
    fine = carry_out(runner, plan, plan_key(plan), compared)
    sections.refresh_page(
        home
    )  # the leaderboard of the run, where there is one, shows its ablations
    if not fine:
        raise typer.Exit(1)
