"""A comparison as a terminal table, Markdown, CSV, LaTeX or a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import UnknownName
from reports import layout, protocol
from reports.compare import LEVEL, NAMED, Change, Moment, Side, compare, scope
from reports.statistics.bootstrap import RESAMPLES
from reports.tables import escape

MARKS = {
    "better": "▲ better",
    "worse": "▼ worse",
    "maybe better": "△ maybe better",
    "maybe worse": "▽ maybe worse",
    "unclear": "· unclear",
    "changed": "◆ changed",
    "equal": "= equal",
    "untested": "",
}

LEGEND = (
    f"▲▼ significant at {LEVEL:g} after Holm's correction over the table; △▽ before it only; "
    "· the interval holds 0."
)


@dataclass(frozen=True)
class Comparison:
    """Changes with what a reader must know to judge them."""

    a: str
    b: str
    changes: tuple[Change, ...]
    scope: str
    remarks: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is subtracted from what."""
        return f"A = {self.a}, B = {self.b}; differences are B - A"


def make(
    pairs: Sequence[tuple[Side, Side]],
    names: tuple[str, str],
    columns: Sequence[str] = (),
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare pairs of rows that were measured alike.

    Args:
        pairs: rows of A with those of B.
        names: what A and B are called.
        columns: those to compare, which are then the table that is corrected over; all without.
        resamples: bootstrap draws.

    Raises:
        BadInput: they were measured differently.
        UnknownName: no such column.

    """
    protocol.require_same(pairs)
    known = {name for a, b in pairs for name in a.row.scores if name in b.row.scores}
    for name in columns:
        if name not in known:
            raise UnknownName("column", name, known)
    found = compare(pairs, columns=tuple(columns), resamples=resamples)
    facts = {k: v for a, _ in pairs for k, v in a.results.recordings.items()}
    return Comparison(*names, tuple(found), scope(found, facts), tuple(protocol.remarks(pairs)))


def shown(comparison: Comparison) -> list[Change]:
    """Changes with a value on both sides."""
    return [change for change in comparison.changes if change.delta is not None]


def texts(change: Change) -> dict[str, str]:
    """One line, as text."""
    places = layout.digits(change.column)
    one = change.difference
    tested = one is not None and one.low is not None
    counts = ""
    if one is not None and change.pairs is not None:
        counts = f"{one.n}" + (f" ({one.failed} failed)" if one.failed else "")
    return {
        "column": f"{change.column} {layout.ARROWS[change.direction]}".strip(),
        "a": "-" if change.a is None else f"{change.a:.{places}f}",
        "b": "-" if change.b is None else f"{change.b:.{places}f}",
        "difference": "-" if change.delta is None else signed(change.delta, places),
        "interval": f"{signed(one.low, places)} to {signed(one.high, places)}" if tested else "",
        "p": "" if change.p is None or not tested else f"{change.p:.4f}",
        "pairs": counts,
        "verdict": MARKS[change.verdict] or change.reason,
    }


def signed(value: float, places: int) -> str:
    """A difference: with its sign, 0 without."""
    text = f"{value:+.{places}f}"
    return text[1:] if float(text) == 0 else text


def moments(comparison: Comparison, limit: int = NAMED) -> list[str]:
    """Per column with a direction: the items that lost and won most, at most `limit` each."""
    lines = []
    for change in shown(comparison):
        places = layout.digits(change.column)
        if change.direction == "none":
            continue
        for word, found in (("worse", change.worse), ("better", change.better)):
            if found:
                items = "; ".join(moment_text(m, places) for m in found[:limit])
                row = f"{change.row}, " if several(comparison) else ""
                lines.append(f"{row}{change.column}, most {word}: {items}")
    return lines


def moment_text(moment: Moment, places: int) -> str:
    """Where, and both values."""
    where = f"{moment.recording} {moment.unit} {moment.item}"
    return f"{where} ({moment.a:.{places}f} -> {moment.b:.{places}f})"


def several(comparison: Comparison) -> bool:
    """Whether more than one pair of rows is compared."""
    return len({change.row for change in comparison.changes}) > 1


def left_out(comparison: Comparison) -> list[str]:
    """Why columns have no value on one side, by reason."""
    grouped: dict[str, list[str]] = {}
    for change in comparison.changes:
        if change.delta is None:
            grouped.setdefault(change.reason, []).append(change.column)
    return [
        f"not compared, {reason}: {', '.join(dict.fromkeys(names))}"
        for reason, names in grouped.items()
    ]


def unpaired(comparison: Comparison) -> list[str]:
    """Recordings whose items one side alone has: their renders or scores failed on the other."""
    found: dict[str, list[str]] = {}
    for change in comparison.changes:
        if change.pairs is not None:
            for label, names in (("A", change.pairs.only_a), ("B", change.pairs.only_b)):
                if names:
                    text = f"items in {label} alone, so not compared: {', '.join(names)}"
                    found.setdefault(text, []).append(change.column)
    return [f"{', '.join(dict.fromkeys(columns))}: {text}" for text, columns in found.items()]


def notes(comparison: Comparison) -> list[str]:
    """Scope first: nothing in the table may be read without it."""
    alone = unpaired(comparison)
    return [comparison.scope, LEGEND, *comparison.remarks, *alone, *left_out(comparison)]


def render(comparison: Comparison, format_: str) -> str:
    """The comparison as text.

    Raises:
        UnknownName: no such format.

    """
    if format_ not in FORMATS:
        raise UnknownName("comparison format", format_, FORMATS)
    return FORMATS[format_](comparison)


def table(comparison: Comparison) -> str:
    """For the terminal, one table a pair of rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"▲": "bold green", "△": "green", "▼": "bold red", "▽": "red"}
    console = Console(file=io.StringIO(), width=140)
    with console.capture() as capture:
        console.print(Text(comparison.title))
        for row in dict.fromkeys(change.row for change in comparison.changes):
            grid = Table(title=Text(row), box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
            for head in ("column", "A", "B", "B - A", "95% interval", "p (Holm)", "items", ""):
                grid.add_column(head, justify="left" if head in ("column", "") else "right")
            for change in shown(comparison):
                if change.row == row:
                    cells = texts(change)
                    mark = Text(cells.pop("verdict"))
                    mark.stylize(styles.get(mark.plain[:1], "dim"))
                    grid.add_row(*map(Text, cells.values()), mark)
            console.print(grid)
        for line in [*notes(comparison), *moments(comparison, 1)]:
            console.print(Text(line, style="dim"))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def markdown(comparison: Comparison) -> str:
    """GitHub tables, notes below."""
    lines = [comparison.title]
    for row in dict.fromkeys(change.row for change in comparison.changes):
        lines += ["", f"**{row}**", ""]
        lines.append("| column | A | B | B - A | 95% interval | p (Holm) | items | |")
        lines.append("|---|--:|--:|--:|--:|--:|--:|---|")
        lines += [
            "| " + " | ".join(texts(change).values()) + " |"
            for change in shown(comparison)
            if change.row == row
        ]
    lines += ["", *(f"- {line}" for line in [*notes(comparison), *moments(comparison)])]
    return "\n".join(lines)


def record(change: Change) -> dict[str, Any]:
    """One change for programs."""
    one = change.difference
    facts = ("low", "high", "error", "n", "failed", "recordings", "persons", "level", "clusters")
    return {
        "row": change.row,
        "column": change.column,
        "direction": change.direction,
        "a": change.a,
        "b": change.b,
        "difference": change.delta,
        **{name: getattr(one, name) if one else None for name in facts},
        "p": one.p if one else None,
        "p_holm": change.p if change.direction != "none" else None,
        "verdict": change.verdict,
        "reason": change.reason,
    }


def comma_separated(comparison: Comparison) -> str:
    """One line a row and column."""
    buffer = io.StringIO()
    lines = [record(change) for change in comparison.changes]
    if lines:
        writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return buffer.getvalue().rstrip("\n")


def latex(comparison: Comparison) -> str:
    """A booktabs table; a star where it is significant after correction."""
    arrows = {"up": r"$\uparrow$", "down": r"$\downarrow$", "none": ""}
    lines = [f"% {line}" for line in [comparison.title, *notes(comparison)]]
    lines += [r"\begin{tabular}{lrrrrr}", r"\toprule"]
    lines += [r"Column & A & B & B $-$ A & 95\% interval & $p$ (Holm) \\", r"\midrule"]
    for change in shown(comparison):
        cells = texts(change)
        star = "^{*}" if change.verdict in ("better", "worse") else ""
        name = escape(change.column) + arrows[change.direction]
        name = f"{escape(change.row)}: {name}" if several(comparison) else name
        cells = [name, cells["a"], cells["b"], f"${cells['difference']}{star}$"]
        interval = texts(change)["interval"].replace(" to ", "$ to $")
        cells += [f"${interval}$" if interval else "", texts(change)["p"]]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def page(comparison: Comparison) -> str:
    """One self-contained page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = [
        {
            "row": row,
            "lines": [
                {
                    **texts(c),
                    "kind": c.verdict.replace(" ", "-"),
                    "mark": "" if c.verdict == "unclear" else MARKS[c.verdict][:1],
                }
                for c in shown(comparison)
                if c.row == row
            ],
        }
        for row in dict.fromkeys(change.row for change in comparison.changes)
    ]
    return environment.get_template("compare.html").render(
        comparison=comparison, tables=tables, notes=notes(comparison), moments=moments(comparison)
    )


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "table": table,
    "md": markdown,
    "csv": comma_separated,
    "tex": latex,
    "html": page,
}
