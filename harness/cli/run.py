"""`run`: train, render, time and score methods on splits, then write the leaderboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    AllowLarge,
    DryRun,
    FreshTable,
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
from harness.contracts import BadInput


def run(
    method: Annotated[list[str] | None, typer.Option(help="Method id; may be repeated.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="YAML file with methods, splits, seeds, metrics and out; other options override "
            "it (see docs/commands.md)."
        ),
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of a split, or folder of a prepared subject; may be repeated.",
            show_default="synthetic-mini",
        ),
    ] = None,
    seed: Seeds = None,
    preset: Preset = None,
    device: Annotated[
        str | None, typer.Option(help="Device: auto, cpu, cuda or cuda:N.", show_default="auto")
    ] = None,
    metrics: Metrics = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for cells, results and the page.", show_default="runs"),
    ] = None,
    baselines: Annotated[
        bool | None,
        typer.Option(
            "--baselines/--no-baselines",
            help="Also run the baselines ground-truth, still, nearest-audio and shuffled-audio.",
            show_default="baselines",
        ),
    ] = None,
    set_: Overrides = None,
    test: Annotated[
        list[str] | None,
        typer.Option(help="Sequence of a prepared subject used only for testing; may be repeated."),
    ] = None,
    sequences: Sequences = None,
    limit: Limit = None,
    keep_failed: KeepFailed = False,
    fresh_table: FreshTable = False,
    dry_run: DryRun = False,
    allow_large: AllowLarge = False,
) -> None:
    """Train, render and score methods, and write a leaderboard.

    The leaderboard in --out grows with every command. Several processes may work in one
    folder.
    """
    from harness.cli.shared.bench import settle
    from harness.cli.shared.closing import finish_all
    from harness.engine.planning import make_plan
    from harness.engine.request import Request, SplitData
    from harness.engine.tables.entries import folder_of

    given = {
        "methods": method,
        "splits": split,
        "tests": test,
        "sequences": parse_names("--sequences", sequences, "a,b"),
        "seeds": seed,
        "metrics": parse_metrics(metrics),
        "baselines": baselines,
        "out": out,
        "device": device,
        "limit": limit,
        "preset": preset,
        "options": parse_overrides(set_) or None,
    }
    bench, origin = settle(config, given)
    device = resolve_device(bench.device)
    names = dict.fromkeys(bench.splits)
    if "" in names:
        raise BadInput("--split", "it is empty", "Name a split (see `list splits`) or a folder.")
    # All are planned first: an error in the last split must not appear after hours of work.
    data = [SplitData(name, bench.sequences, tuple(bench.tests), bench.limit) for name in names]
    plans = [
        replace(make_plan(Request(bench.rows(), one, bench.metrics, device)), config=origin)
        for one in data
    ]
    fine = finish_all(
        plans,
        lambda plan: folder_of(bench.out, plan.table),
        device,
        fresh=fresh_table,
        keep_failed=keep_failed,
        dry_run=dry_run,
    )
    if not fine:
        raise typer.Exit(1)
