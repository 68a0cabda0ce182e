"""`compare`: two sets of results, item by item; nothing is recomputed."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import AllowLarge, OutFile, listed
from harness.cli.shared.blocks import for_output
from harness.contracts import UnknownName
from harness.storage import write_text


def compare(
    a: Annotated[str, typer.Argument(help="Run folder, or FOLDER::ROW for one row of it.")],
    b: Annotated[str, typer.Argument(help="The same, to compare with A: differences are B - A.")],
    format_: Annotated[
        str, typer.Option("--format", help="table, md, csv, tex or html.")
    ] = "table",
    out: OutFile = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Columns, comma-separated; `lpips` means all of its variants. The correction for "
            "multiple comparisons then covers these only."
        ),
    ] = None,
    allow_large: AllowLarge = False,
) -> None:
    """Show what got better or worse from A to B.

    Stored items of the same sequences are paired; nothing is recomputed. FOLDER::ROW names one
    row of a leaderboard, for example 'runs/x@1::ua3dtalk [audio]'.
    """
    from reports.comparison import comparison
    from reports.comparison import tables as comparison_tables
    from reports.comparison.rows import match, open_sides, unmatched

    if format_ not in comparison_tables.FORMATS:
        raise UnknownName("comparison format", format_, comparison_tables.FORMATS)
    left, right = open_sides(a), open_sides(b)
    pairs = match(left, right)
    found = comparison.make(pairs, (a, b), listed(columns), alone=unmatched(left, right, pairs))
    with for_output(out):
        text = comparison_tables.FORMATS[format_](found)
    if out is None:
        print(text)
    else:
        write_text(out, text + "\n")
        print(out)
