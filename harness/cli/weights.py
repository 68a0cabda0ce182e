"""`weights`: which networks' weights are here, and how to get the others."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

app = typer.Typer(help="List and fetch weights.", no_args_is_help=True)


@app.command("list")
def list_weights() -> None:
    """List every weights file: whether it is here, its licence and what needs it."""
    from rich.console import Console

    from harness.cli.listing import new_table
    from harness.contracts import HarnessError
    from harness.weights import registry, resolve

    table = new_table("Weights", "id", "here", "size", "licence", "needed by", "source")
    for entry in registry().values():
        try:
            here = str(resolve(entry.id))
        except HarnessError as error:
            here = f"no ({type(error).__name__})"
        size = f"{entry.bytes / 1e6:.1f} MB" if entry.bytes else "?"
        source = entry.url or entry.how or "shipped"
        table.add_row(entry.id, here, size, entry.licence, entry.needed_by, source)
    Console().print(table)


@app.command("fetch")
def fetch(weight_id: Annotated[str, typer.Argument(help="Id from `weights list`.")]) -> None:
    """Download one weights file; resumes, verifies its checksum, never runs by itself."""
    from harness.fetch import fetch_weights
    from harness.runner.progress import watch

    with watch(weight_id) as progress:
        path = fetch_weights(weight_id, progress)
    print(f"{weight_id}: {path}", file=sys.stderr)
