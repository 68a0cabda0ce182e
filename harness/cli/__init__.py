"""The command line: one file per command; nothing heavy is imported before it is needed."""

from __future__ import annotations

import typer

from harness.cli import (
    ablate,
    check,
    compare,
    doctor,
    listing,
    prepare,
    report,
    run,
    score,
    verify,
    weights,
)

app = typer.Typer(
    name="harness",
    help="Train, render, score and report emotional talking-face methods.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("ablate")(ablate.ablate)
app.command("score")(score.score)
app.command("list")(listing.listing)
app.command("prepare")(prepare.prepare)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("check")(check.check)
app.add_typer(weights.app, name="weights")
app.command("doctor")(doctor.doctor)
app.command("verify")(verify.verify)
