"""`run`: train, render, time and score methods on splits, then write the leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    AllowLarge,
    Device,
    FreshTable,
    KeepFailed,
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
from harness.contracts import BadInput


def run(
    method: Annotated[list[str], typer.Option(help="Method id; may be repeated.")],
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of a split, or folder of a prepared subject; may be repeated. "
            "Default: synthetic-mini."
        ),
    ] = None,
    seed: Seeds = None,
    preset: Preset = None,
    device: Device = "auto",
    metrics: Metrics = None,
    out: Annotated[Path, typer.Option(help="Folder for cells, results and the page.")] = Path(
        "runs"
    ),
    baselines: Annotated[
        bool,
        typer.Option(
            help="Also run the baselines ground-truth, still, nearest-audio and shuffled-audio."
        ),
    ] = True,
    set_: Overrides = None,
    test: Annotated[
        list[str] | None,
        typer.Option(help="Sequence of a prepared subject used only for testing; may be repeated."),
    ] = None,
    sequences: Sequences = None,
    keep_failed: KeepFailed = False,
    fresh_table: FreshTable = False,
    allow_large: AllowLarge = False,
) -> None:
    """Train, render and score METHOD, and write a leaderboard.

    The leaderboard in --out grows with every command. Several processes may work in one
    folder.
    """
    from harness.cli.closing import finish
    from harness.engine.execution import Engine
    from harness.engine.planning import make_plan
    from harness.engine.request import Request, SplitData, rows_of
    from harness.engine.tables.entries import folder_of

    device = resolve_device(device)
    seeds = tuple(dict.fromkeys(seed or [0]))
    rows = rows_of(tuple(method), baselines, preset, parse_overrides(set_), seeds)
    names = dict.fromkeys(split or ["synthetic-mini"])
    if "" in names:
        raise BadInput("--split", "it is empty", "Name a split (see `list splits`) or a folder.")
    # All are planned first: an error in the last split must not appear after hours of work.
    chosen = parse_names("--sequences", sequences, "a,b")
    data = [SplitData(name, chosen, tuple(test or ())) for name in names]
    plans = [make_plan(Request(rows, one, parse_metrics(metrics), device)) for one in data]
    good = []
    for plan in plans:
        engine = Engine(folder_of(out, plan.table), device, keep_failed=keep_failed)
        good.append(finish(engine, plan, fresh_table))
    if not all(good):
        raise typer.Exit(1)
