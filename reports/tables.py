"""The same rows as a terminal table, Markdown, CSV, LaTeX or JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict

from harness.contracts import Results, Score, UnknownName
from reports import layout


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


def footnotes(results: Results) -> list[str]:
    """What is unavailable, what failed, and every warning, once each."""
    lines = [f"{', '.join(names)}: {note}" for note, names in cell_notes(results).items()]
    lines += unscored(results)
    lines += [
        f"FAILED {f.stage} of {f.method}{f' [{f.drive}]' if f.drive else ''} on {f.sequence}, "
        f"seed {f.seed}: {f.type}: {f.message}"
        for f in results.failures
    ]
    return lines


def is_absent(score: Score) -> bool:
    """Whether a cell is empty for something that the machine or the data lack."""
    return score.status == "unavailable" and "absent" in score.details


def cell_notes(results: Results) -> dict[str, list[str]]:
    """Every note of a cell -> the columns that it stands in, each once."""
    notes: dict[str, list[str]] = {}
    for row in results.rows:
        for name, score in row.scores.items():
            note = "" if is_absent(score) else layout.note_text(score)
            if note and name not in notes.setdefault(note, []):
                notes[note].append(name)
    return notes


def unscored(results: Results) -> list[str]:
    """Columns that need what is absent, a line a kind."""
    absent: dict[tuple[str, ...], list[str]] = {}
    for row in results.rows:
        for name, score in row.scores.items():
            if is_absent(score):
                key = (score.details["absent"], *score.details["names"])
                absent.setdefault(key, []).append(name)
    return absences(absent)


def absences(absent: dict[tuple[str, ...], list[str]]) -> list[str]:
    """One line a kind of what is absent: the columns that need it, and how to get it."""
    lines = []
    for kind in ("size", "signal", "package", "weights"):
        groups = {key[1:]: names for key, names in absent.items() if key[0] == kind}
        if not groups:
            continue
        if kind in ("signal", "size"):
            for (missing,), names in groups.items():
                fact = f"the signal {missing!r} is absent"
                if kind == "size":
                    fact = f"frames of {missing} pixels are needed"
                lines.append(f"not scored, {fact}: {', '.join(dict.fromkeys(names))}")
            continue
        columns = ", ".join(dict.fromkeys(name for names in groups.values() for name in names))
        means = " ".join(dict.fromkeys(name for names in groups for name in names))
        command = "pip install" if kind == "package" else "python -m harness weights fetch"
        what = "packages are" if kind == "package" else "weights are"
        lines.append(f"not scored, {what} absent: {columns}. Run `{command} {means}`.")
    return lines


def table(results: Results) -> str:
    """A table for the terminal; metrics run down, methods run across, so that it never wraps."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = shown(results)
    grid = Table(
        title=layout.caption(results), box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left"
    )
    grid.add_column("metric")
    for row in results.rows:
        # As text: rich would take "[audio]" for markup and leave it out.
        grid.add_column(Text(layout.row_label(row).replace(" [", "\n[")), justify="right")
    cells = layout.cells(results, names)
    for index, name in enumerate(names):
        line = [
            Text(cells[r][index].text, style="bold green" if cells[r][index].best else "")
            for r in range(len(results.rows))
        ]
        grid.add_row(layout.head(results, name), *line)
    console = Console(file=io.StringIO(), width=max(80, 24 + 16 * len(results.rows)))
    with console.capture() as capture:
        console.print(grid)
        for note in footnotes(results):
            console.print(Text(note, style="dim"))
    return capture.get().rstrip()


def markdown(results: Results) -> str:
    """A GitHub table, best values bold, notes below."""
    names = shown(results)
    heads = ["method", *(layout.head(results, name) for name in names)]
    lines = [layout.caption(results), "", "| " + " | ".join(heads) + " |"]
    lines.append("|" + "---|" * len(heads))
    for row, cells in zip(results.rows, layout.cells(results, names), strict=True):
        texts = [f"**{cell.text}**" if cell.best else cell.text for cell in cells]
        lines.append("| " + " | ".join([layout.row_label(row), *texts]) + " |")
    notes = [f"- {note}" for note in footnotes(results)]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def comma_separated(results: Results) -> str:
    """One line a row and column: value, interval and what it is over, n, failures, status."""
    lines = [
        {
            "method": row.method,
            "role": row.role,
            "drive": row.drive,
            "split": row.split,
            "preset": row.preset,
            "seeds": " ".join(map(str, row.seeds)),
            "sequences": len(row.sequences),
            "column": name,
            "direction": results.columns[name]["direction"],
            "unit": results.columns[name]["unit"],
            "status": score.status,
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "interval": score.level,
            "n": score.n,
            "failures": score.failures,
            "reason": score.reason,
        }
        for row in results.rows
        for name in layout.column_names(results)
        if (score := row.scores.get(name)) is not None
    ]
    return layout.comma_separated(lines)


def latex(results: Results) -> str:
    """A booktabs table."""
    arrows = layout.LATEX_ARROWS
    names = shown(results)
    heads = [escape(n) + arrows[results.columns[n]["direction"]] for n in names]
    lines = [
        f"% {layout.caption(results)}",
        r"\begin{tabular}{l" + "r" * len(names) + "}",
        r"\toprule",
        " & ".join(["Method", *heads]) + r" \\",
        r"\midrule",
    ]
    for row, cells in zip(results.rows, layout.cells(results, names), strict=True):
        texts = [
            rf"\textbf{{{escape(cell.text)}}}" if cell.best else escape(cell.text) for cell in cells
        ]
        lines.append(" & ".join([escape(layout.row_label(row)), *texts]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def escape(text: str) -> str:
    """Text safe inside LaTeX."""
    for character in "&%$#_{}":
        text = text.replace(character, "\\" + character)
    return text


def as_json(results: Results) -> str:
    """The rows for programs: method, split, sequence count, protocol, and per column the score."""
    rows = [
        {
            "method": row.method,
            "role": row.role,
            "drive": row.drive,
            "split": row.split,
            "preset": row.preset,
            "seeds": row.seeds,
            "sequence_count": len(row.sequences),
            "protocol": row.protocol,
            "costs": row.costs,
            "columns": {
                name: {**asdict(score), "variant": name.partition("/")[2] or None}
                for name, score in row.scores.items()
            },
        }
        for row in results.rows
    ]
    return json.dumps(
        {
            "schema_version": results.schema_version,
            "rows": rows,
            "columns": results.columns,
            "failures": [asdict(failure) for failure in results.failures],
            "provenance": results.provenance,
        },
        indent=1,
        default=str,
    )


FORMATS: dict[str, Callable[[Results], str]] = {
    "table": table,
    "md": markdown,
    "csv": comma_separated,
    "tex": latex,
    "json": as_json,
}
