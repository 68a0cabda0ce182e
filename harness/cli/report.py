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
    by: Annotated[
        str | None,
        typer.Option(help="Means by emotion, intensity, person (comma-separated: crossed)."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="With --by: columns, comma-separated; all without.")
    ] = None,
) -> None:
    """Print or write the leaderboard of finished runs, or with --by their means by group."""
    from harness.contracts import BadInput
    from harness.storage import write_text
    from reports import breakdown, breakdown_tables, page, stored

    folders = stored.run_folders(runs)
    if columns and not by:
        raise BadInput("--columns", "chooses columns of --by alone", "Add --by emotion.")
    if by:
        keys, names = (
            [part.strip() for part in (option or "").split(",") if part.strip()]
            for option in (by, columns)
        )
        parts = []
        for folder in folders:
            results = stored.read(folder)
            found = breakdown.tables(results, folder, keys, names)
            parts.append(breakdown_tables.render(found, results, format_))
        text = "\n\n".join(parts)
    elif format_ == "html":
        if out is not None and len(folders) > 1:
            raise BadInput(out, f"one page cannot hold {len(folders)} runs", "Name one run folder.")
        for folder in folders:
            print(page.write(stored.read(folder), folder, out))
        return
    else:
        text = "\n\n".join(one(folder, format_) for folder in folders)
    if out is None:
        print(text)
    else:
        write_text(out, text + "\n")


def one(folder: Path, format_: str) -> str:
    """The leaderboard of a folder, or its ablation where it holds one."""
    from reports import ablation, ablation_tables, stored, tables

    if ablation.is_ablation(folder) and format_ in ablation_tables.FORMATS:
        return ablation_tables.FORMATS[format_](ablation.read(folder))
    return tables.render(stored.read(folder), format_)
