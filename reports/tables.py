"""A leaderboard as a terminal table, Markdown, CSV, LaTeX or JSON, and the notes below it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import chain
from typing import Any

from harness.contracts import FailedCell, Results, Score, UnknownName
from reports import formats, layout
from reports.formats import CellText, TextTable


def render(results: Results, format_: str) -> str:
    """The leaderboard as text.

    Raises:
        UnknownName: no such format.
    """
    if format_ not in FORMATS:
        raise UnknownName("report format", format_, [*FORMATS, "html"])
    return FORMATS[format_](results)


def shown(results: Results) -> list[str]:
    """Columns worth a place in a narrow table: those that some row could score."""
    return [
        name
        for name in layout.column_names(results)
        if any(
            row.scores.get(name) and row.scores[name].status != "unavailable"
            for row in results.rows
        )
    ]


def table(results: Results) -> TextTable:
    """Rows and the columns that some row could score."""
    names = shown(results)
    rows = [
        [CellText(layout.row_label(row)), *cells]
        for row, cells in zip(results.rows, layout.cells(results, names), strict=True)
    ]
    heads = ["method", *(layout.head(results, name) for name in names)]
    return TextTable(heads, rows, layout.caption(results), footnotes(results))


def footnotes(results: Results) -> list[str]:
    """What is unavailable, what failed, every warning, and what differs between cells."""
    lines = [f"{', '.join(names)}: {note}" for note, names in cell_notes(results).items()]
    lines += unscored(results)
    lines += mixed(results)
    return lines + [f"FAILED {failed_text(one)}" for one in results.failures]


def failed_text(one: FailedCell) -> str:
    """What failed, where in the code, and where all of it can be read."""
    drive = f" [{one.drive}]" if one.drive else ""
    places = "; ".join([part for part in (one.where, f"log {one.log}" * bool(one.log)) if part])
    return (
        f"{one.kind} of {one.method}{drive} on {one.sequence}, seed {one.seed}: "
        f"{one.type}: {one.message}{f' ({places})' if places else ''}"
    )


def mixed(results: Results) -> list[str]:
    """What made some rows and not others: such values may differ for that alone."""
    lines = []
    for fact in dict.fromkeys(fact for row in results.rows for fact in row.made_with):
        values: dict[str, list[str]] = {}
        for row in results.rows:
            for value in row.made_with.get(fact, ()):
                values.setdefault(value, []).append(layout.row_label(row))
        if len(values) > 1:
            code = fact.startswith("code:")
            name = f"code of the metric {fact.removeprefix('code:')}" if code else fact
            rows_of = "; ".join(f"{value} ({', '.join(rows)})" for value, rows in values.items())
            lines.append(f"computed with different {name}: {rows_of}")
    return lines


def is_absent(score: Score) -> bool:
    """Whether a cell is empty for something that the machine or the data lack."""
    return score.status == "unavailable" and "absent" in score.details


def cell_notes(results: Results) -> dict[str, list[str]]:
    """Every note of a cell -> the columns that it holds for, each once."""
    notes: dict[str, list[str]] = {}
    for row in results.rows:
        for name, score in row.scores.items():
            for note in () if is_absent(score) else layout.notes(score):
                if name not in notes.setdefault(note, []):
                    notes[note].append(name)
    return notes


def unscored(results: Results) -> list[str]:
    """Columns that need what is absent, and how to get it: a line for each kind."""
    absent: dict[str, dict[tuple[Any, ...], list[str]]] = {}  # kind -> needed -> columns
    for row in results.rows:
        for name, score in row.scores.items():
            if is_absent(score):
                of_kind = absent.setdefault(score.details["absent"], {})
                of_kind.setdefault(tuple(score.details["names"]), []).append(name)
    lines = [
        f"not scored, {fact.format(*needed)}: {', '.join(dict.fromkeys(names))}"
        for kind, fact in (
            ("size", "frames of {} pixels are needed"),
            ("signal", "the signal {!r} is absent"),
        )
        for needed, names in absent.get(kind, {}).items()
    ]
    for kind, what, command in (
        ("package", "packages are", "pip install"),
        ("weights", "weights are", "python -m harness weights fetch"),
    ):
        if found := absent.get(kind):
            columns = ", ".join(dict.fromkeys(chain.from_iterable(found.values())))
            needed = " ".join(dict.fromkeys(chain.from_iterable(found)))
            lines.append(f"not scored, {what} absent: {columns}. Run `{command} {needed}`.")
    return lines


def terminal(results: Results) -> str:
    """Metrics run down, methods run across, so that it never wraps."""
    turned = table(results).turned("metric")
    return formats.terminal(turned, max(80, 24 + 16 * len(results.rows)))


def fields(record: object, names: str) -> dict[str, Any]:
    """Some fields of a record, by their names with spaces between."""
    return {name: getattr(record, name) for name in names.split()}


def comma_separated(results: Results) -> str:
    """One line a row and column: value, interval and what it is over, n, failures, status."""
    lines = [
        {
            **fields(row, "method role drive split preset"),
            "seeds": " ".join(map(str, row.seeds)),
            "sequences": len(row.sequences),
            "column": name,
            "direction": results.columns[name]["direction"],
            "unit": results.columns[name]["unit"],
            **fields(score, "status value low high"),
            "interval": score.level,
            **fields(score, "n failures reason"),
        }
        for row in results.rows
        for name in layout.column_names(results)
        if (score := row.scores.get(name)) is not None
    ]
    return formats.comma_separated(lines)


def as_json(results: Results) -> str:
    """The rows for programs: method, split, sequence count, protocol, and per column the score."""
    rows = [
        {
            **fields(row, "method role drive split preset options seeds protocol costs made_with"),
            "sequence_count": len(row.sequences),
            "columns": {
                name: {**asdict(score), "variant": name.partition("/")[2] or None}
                for name, score in row.scores.items()
            },
        }
        for row in results.rows
    ]
    content = {
        **fields(results, "schema_version columns"),
        "rows": rows,
        "failures": [asdict(failure) for failure in results.failures],
        "provenance": layout.provenance(results),
    }
    return json.dumps(content, indent=1, default=str)


FORMATS: dict[str, Callable[[Results], str]] = {
    "table": terminal,
    "md": lambda results: formats.markdown(table(results)),
    "csv": comma_separated,
    "tex": lambda results: formats.latex(replace(table(results), notes=mixed(results))),
    "json": as_json,
}
