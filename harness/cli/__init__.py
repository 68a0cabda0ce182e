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
    pretrain,
    report,
    run,
    score,
    verify,
    weights,
)
from harness.cli.shared.verbosity import Quiet, Verbose, with_verbosity
from harness.engine import messages

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
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train, render, score and report emotional talking-face methods."""
    if not (quiet or verbose):  # several commands in one process do not inherit a level
        messages.set_level(messages.USUAL)


app.command("run")(with_verbosity(run.run))
app.command("ablate")(with_verbosity(ablate.ablate))
app.command("score")(with_verbosity(score.score))
app.command("list")(with_verbosity(listing.listing))
app.command("prepare")(with_verbosity(prepare.prepare))
app.command("pretrain")(with_verbosity(pretrain.pretrain))
app.command("report")(with_verbosity(report.report))
app.command("compare")(with_verbosity(compare.compare))
app.command("check")(with_verbosity(check.check))
app.add_typer(weights.app, name="weights")
app.command("doctor")(with_verbosity(doctor.doctor))
app.command("verify")(with_verbosity(verify.verify))
