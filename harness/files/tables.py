"""Reading of CSV files: a header, and as many fields in every row."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from harness.contracts import BadInput
from harness.files.reading import AGAIN, read_text, reading


def read_rows(path: Path, cure: str = AGAIN) -> tuple[list[str], list[list[str]]]:
    """Names of the columns, and the rows as text; blanks around fields are left out.

    Raises:
        BadInput: missing, too large, not UTF-8, not CSV, without a header or with a column
            twice, or a row has more or fewer fields than the header.

    """
    text = read_text(path, "CSV file", cure)
    with reading(path, "CSV file", cure):
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    if not lines:
        raise BadInput(path, "it has no header", cure)
    names, *rows = [[field.strip() for field in row] for row in lines]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadInput(path, f"column {twice!r} occurs twice", cure)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            fact = f"line {number} has {len(row)} fields, the header has {len(names)}"
            raise BadInput(path, fact, cure)
    return names, rows
