"""`run`: train, render, time and score methods on splits, then write the leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    Device,
    FreshTable,
    KeepFailed,
    Metrics,
    Preset,
    Seeds,
    parse_metrics,
    parse_names,
    parse_overrides,
    resolve_device,
)


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
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Override an option of the preset: KEY=VALUE (YAML value); may be repeated.",
        ),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(help="Sequence of a prepared subject that is only tested; may be repeated."),
    ] = None,
    sequences: Annotated[
        str | None, typer.Option(help="Test sequences of the split, comma-separated; default: all.")
    ] = None,
    keep_failed: KeepFailed = False,
    fresh_table: FreshTable = False,
) -> None:
    """Train, render and score METHOD, and write a leaderboard.

    The leaderboard in --out grows with every command. Several processes may work in one
    folder.
    """
    from harness.cli.closing import finish
    from harness.contracts import BadInput
    from harness.engine.execution import Engine
    from harness.engine.planning import make_plan
    from harness.engine.request import Request, SplitData, rows_of
    from harness.engine.tables.entries import folder_of

    device = resolve_device(device)
    seeds = tuple(dict.fromkeys(seed or [0]))
    rows = rows_of(tuple(method), baselines, preset, parse_overrides(set_ or []), seeds)
    names = dict.fromkeys(split or ["synthetic-mini"])
    if "" in names:
        raise BadInput("--split", "it is empty", "Name a split (see `list splits`) or a folder.")
    # All are planned first: an error in the last split must not appear after hours of work.
    chosen = parse_names("--sequences", sequences, "a,b")
    plans = [
        make_plan(
            Request(
                rows, SplitData(name, chosen, tuple(test or ())), parse_metrics(metrics), device
            )
        )
        for name in names
    ]
    good = []
    for plan in plans:
        engine = Engine(folder_of(out, plan.table), device, keep_failed=keep_failed)
        good.append(finish(engine, plan, fresh_table))
    if not all(good):
        raise typer.Exit(1)
