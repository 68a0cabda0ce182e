"""The command line: one file per command; nothing heavy is imported before it is needed."""

from __future__ import annotations

from typing import Annotated

import typer

from harness import __version__
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
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(value: bool) -> None:
    if value:
        print(f"talking-face-bench {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train, render, score and report emotional talking-face methods."""


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
