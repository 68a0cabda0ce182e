"""`report`: stored results as a table, a file or a page; nothing is recomputed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[
        Path, typer.Argument(help="A run folder, or the folder that holds several.")
    ] = Path("runs"),
    format_: Annotated[
        str, typer.Option("--format", help="table, md, csv, tex, html or json.")
    ] = "table",
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output otherwise.")
    ] = None,
) -> None:
    """Print or write the leaderboard of finished runs."""
    from harness.contracts import BadInput
    from harness.storage import write_text
    from reports import page, stored, tables

    folders = stored.run_folders(runs)
    if format_ == "html":
        if out is not None and len(folders) > 1:
            raise BadInput(out, f"one page cannot hold {len(folders)} runs", "Name one run folder.")
        for folder in folders:
            print(page.write(stored.read(folder), folder, out))
        return
    text = "\n\n".join(tables.render(stored.read(folder), format_) for folder in folders)
    if out is None:
        print(text)
    else:
        write_text(out, text + "\n")
