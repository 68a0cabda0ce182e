"""`report`: stored results as a table, a file or a page; nothing is recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import AllowLarge, OutFile, listed
from harness.cli.shared.blocks import for_output
from harness.contracts import BadInput
from harness.storage import write_text


def report(
    runs: Annotated[Path, typer.Argument(help="Run folder, or folder of run folders.")] = Path(
        "runs"
    ),
    format_: Annotated[
        str, typer.Option("--format", help="table, md, csv, tex, html or json.")
    ] = "table",
    out: OutFile = None,
    by: Annotated[
        str | None,
        typer.Option(help="Means by emotion, intensity or subject; crossed if comma-separated."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Columns, comma-separated; `lpips` means all of its variants. Default: all. Not "
            "for pages, nor for ablations, whose grid names the columns."
        ),
    ] = None,
    allow_large: AllowLarge = False,
) -> None:
    """Print or write stored results.

    The leaderboard of a run, the table of an ablation, or with --by, means by group.
    """
    from harness.ablation import page
    from reports import stored
    from reports.breakdown import means
    from reports.breakdown import tables as breakdown_tables

    folders = stored.run_folders(runs)
    names = listed(columns)
    # "person" is the former name of a subject.
    if keys := ["subject" if key == "person" else key for key in listed(by)]:
        found = [means.tables(stored.read(run), run, keys, names) for run in folders]
        with for_output(out):
            text = "\n\n".join(breakdown_tables.render(tables, format_) for tables in found)
    elif format_ == "html":
        if names:
            raise BadInput("--columns", "a page shows all columns", "Drop it, or use --format md.")
        if out is not None and len(folders) > 1:
            raise BadInput(out, f"one page cannot hold {len(folders)} runs", "Name one run folder.")
        for folder in folders:
            print(page.write_page(stored.read(folder), folder, out))
        return
    else:
        with for_output(out):
            text = "\n\n".join(one(folder, format_, names) for folder in folders)
    if out is None:
        print(text)
    else:
        write_text(out, text + "\n")


def one(folder: Path, format_: str, columns: Sequence[str] = ()) -> str:
    """The leaderboard of a folder, or its ablation if it holds one.

    Raises:
        BadInput: columns are chosen for an ablation.
        UnknownName: no such column.

    """
    from harness.ablation import formats as ablation_tables
    from harness.ablation import table as ablation
    from reports import layout, stored, tables

    if ablation.is_ablation(folder) and format_ in ablation_tables.FORMATS:
        if columns:
            fact = "its grid names the columns, over which p-values are corrected"
            raise BadInput(folder, fact, "Drop --columns, or name them in the grid.")
        return ablation_tables.FORMATS[format_](ablation.read(folder))
    results = stored.read(folder)
    return tables.render(layout.choose(results, columns) if columns else results, format_)
