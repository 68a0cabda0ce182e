"""`ablate`: a grid of variants of one method, trained, scored and compared row by row."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer


def ablate(
    method: Annotated[str, typer.Option(help="Method id.")],
    grid: Annotated[
        str, typer.Option(help="A grid shipped with the method, or a YAML file's path.")
    ] = "table2",
    split: Annotated[
        str, typer.Option(help="Split name, or the folder of a prepared video.")
    ] = "synthetic-mini",
    sequences: Annotated[
        str | None, typer.Option(help="Recordings of the split, comma-separated; default: all.")
    ] = None,
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Seed; may be repeated. Default: the grid's.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="quick, paper, ... (see `list`).")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    metrics: Annotated[
        str | None, typer.Option(help="Metric ids, comma-separated; default: all that apply.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for cells, results and tables.")] = Path("runs"),
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one entry of the preset in all rows: KEY=VALUE."),
    ] = None,
) -> None:
    """Train and score every row of a grid, and compare it with the reference row."""
    from harness.cli.run import parse_metrics, parse_overrides, resolve_device
    from harness.contracts import BadInput
    from harness.runner.ablate import AblationRequest, described, make_plan
    from harness.runner.gather import plan_key
    from harness.runner.grid import find_grid
    from harness.runner.run import Runner
    from harness.runner.store import write_json
    from methods import catalog as methods
    from reports import ablation, ablation_tables, page, stored

    start = time.perf_counter()
    chosen = find_grid(methods.spec(method), grid)
    names = None
    if sequences is not None:
        names = tuple(dict.fromkeys(name.strip() for name in sequences.split(",")))
        if "" in names:
            raise BadInput("--sequences", f"{sequences!r} has an empty name in it", "Name them.")
    request = AblationRequest(
        split=split,
        seeds=tuple(dict.fromkeys(seed)) if seed else None,
        sequences=names,
        preset=preset,
        device=resolve_device(device),
        metrics=parse_metrics(metrics),
        overrides=parse_overrides(set_ or []),
    )
    plan = make_plan(chosen, request)
    home = out / plan.manifest.name
    folder = home / "ablations" / chosen.id
    done = stored.unchanged(folder, plan_key(plan)) is not None
    runner = Runner(folder, request.device, cells=home, share_stages=True)
    if not done:
        runner.run(plan)
    write_json(folder / ablation.FILE, described(chosen, request))
    tables = ablation_tables.write(folder)
    page.refresh(folder)
    page.refresh(home)  # the leaderboard of the run, where there is one, shows its ablations
    print(tables["table"])
    if done:
        print(f"Nothing to do: every cell is finished. Tables in {folder}", file=sys.stderr)
        return
    tally = runner.tally
    print(
        f"{tally.computed} cells computed, {tally.reused} reused, {len(tally.failed)} failed; "
        f"{tally.trained} training stages done, {tally.shared} taken from another row, "
        f"in {time.perf_counter() - start:.0f} s. Tables in {folder}",
        file=sys.stderr,
    )
    if tally.failed:
        raise typer.Exit(1)
