"""`run`: train, render, time and score methods on splits, then write the leaderboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    Device,
    Metrics,
    Preset,
    Seeds,
    parse_metrics,
    parse_overrides,
    resolve_device,
)


def run(
    method: Annotated[list[str], typer.Option(help="Method id; may be repeated.")],
    split: Annotated[
        list[str] | None,
        typer.Option(help="Split name, or the folder of a prepared video; may be repeated."),
    ] = None,
    seed: Seeds = None,
    preset: Preset = None,
    device: Device = "auto",
    metrics: Metrics = None,
    out: Annotated[Path, typer.Option(help="Folder for cells, results and the page.")] = Path(
        "runs"
    ),
    baselines: Annotated[
        bool, typer.Option(help="Also run ground-truth, still, nearest-audio, shuffled-audio.")
    ] = True,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one entry of the preset: KEY=VALUE (YAML value)."),
    ] = None,
) -> None:
    """Train, render and score METHOD, and write a leaderboard."""
    from harness.cli.closing import carry_out
    from harness.contracts import BadInput
    from harness.engine.plan import Request
    from harness.engine.planner import make_plan
    from harness.engine.results import plan_key
    from harness.engine.run import Runner

    common = Request(
        methods=tuple(method),
        split="",
        seeds=tuple(dict.fromkeys(seed or [0])),
        preset=preset,
        device=resolve_device(device),
        metrics=parse_metrics(metrics),
        baselines=baselines,
        overrides=parse_overrides(set_ or []),
    )
    names = dict.fromkeys(split or ["synthetic-mini"])
    if "" in names:
        raise BadInput("--split", "it is empty", "Name a split (see `list splits`) or a folder.")
    # All are planned first: a mistake in the last split must not show after hours of the first.
    plans = [make_plan(replace(common, split=name)) for name in names]
    good = [
        carry_out(Runner(out / plan.manifest.name, common.device), plan, plan_key(plan))
        for plan in plans
    ]
    if not all(good):
        raise typer.Exit(1)
