"""`ablate`: a grid of variants of one method: trained, scored, compared row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.options import (
    AllowLarge,
    Device,
    DryRun,
    KeepFailed,
    Limit,
    Metrics,
    Overrides,
    Preset,
    Seeds,
    Sequences,
    parse_metrics,
    parse_names,
    parse_overrides,
    resolve_device,
)
from harness.contracts import BadInput, Results
from harness.storage import write_json


def ablate(
    method: Annotated[str, typer.Option(help="Method id.")],
    grid: Annotated[
        str, typer.Option(help="Shipped grid (see `list grids`) or path of a YAML file.")
    ] = "table2",
    split: Annotated[
        str, typer.Option(help="Name of a split, or folder of a prepared subject.")
    ] = "synthetic-mini",
    sequences: Sequences = None,
    seed: Seeds = None,
    preset: Preset = None,
    device: Device = "auto",
    metrics: Metrics = None,
    out: Annotated[Path, typer.Option(help="Folder for cells, results and tables.")] = Path("runs"),
    set_: Overrides = None,
    limit: Limit = None,
    keep_failed: KeepFailed = False,
    dry_run: DryRun = False,
    allow_large: AllowLarge = False,
) -> None:
    """Train, score and compare the rows of an ablation grid.

    Each row is compared with the grid's reference row, with intervals and Holm's correction.
    """
    from harness.ablation import formats, page, table
    from harness.ablation.grid import find_grid
    from harness.ablation.request import description_of, request_of
    from harness.cli.shared.closing import finish
    from harness.cli.shared.rehearsal import rehearse
    from harness.engine.execution import Engine
    from harness.engine.planning import make_plan
    from harness.engine.request import SplitData
    from harness.engine.tables.entries import folder_of
    from methods import catalog as methods

    chosen = find_grid(methods.spec(method), grid)
    overrides = parse_overrides(set_)
    request = request_of(
        chosen,
        SplitData(split, parse_names("--sequences", sequences, "a,b"), limit=limit),
        overrides,
        seeds=tuple(dict.fromkeys(seed or ())),
        preset=preset,
        device=resolve_device(device),
        metrics=parse_metrics(metrics),
    )
    plan = make_plan(request)
    home = folder_of(out, plan.table)
    folder = home / page.FOLDER / chosen.id

    description = description_of(chosen, overrides)
    # Rows of an older version of the grid must not stay beside those of this one.
    changed = is_of_another_grid(folder / table.FILE, description)

    def compared(_: Results) -> str:
        write_json(folder / table.FILE, description)
        return formats.write(folder)["table"]

    engine = Engine(folder, request.device, home, share_stages=True, keep_failed=keep_failed)
    if dry_run:
        rehearse(engine, plan, changed)
        return
    fine = finish(engine, plan, fresh=changed, show=compared)
    page.refresh_page(home)  # the leaderboard of the run, if there is one, shows its ablations
    if not fine:
        raise typer.Exit(1)


def is_of_another_grid(path: Path, description: dict[str, Any]) -> bool:
    """Whether the file describes other rows than these; False if there is no file."""
    from harness.files.documents import read_object

    if not path.exists():
        return False
    try:
        rows = read_object(path).get("rows")
    except BadInput:
        return True
    return rows != json.loads(json.dumps(description["rows"], default=str))
