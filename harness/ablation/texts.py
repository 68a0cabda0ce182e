"""The words and numbers of an ablation that all its formats share."""

from __future__ import annotations

from harness.ablation.table import Ablation, Cell, Change, Line
from reports import layout, tables
from reports.comparison import pooled

#: Marks a change that holds at the 5% level after Holm's correction.
STAR = "*"


def signed(name: str, value: float) -> str:
    """A change with its sign and the column's digits."""
    return f"{value:+.{layout.digits(name)}f}"


def change_text(name: str, change: Change | None) -> str:
    """`+1.20 [+0.90, +1.50]*`, as far as it is known."""
    if change is None:
        return ""
    text = signed(name, change.value)
    if change.low is not None and change.high is not None:
        text += f" [{signed(name, change.low)}, {signed(name, change.high)}]"
    return text + (STAR if change.significant else "")


def paper_text(name: str, cell: Cell) -> str:
    """`28.03 (+2.50)`: what the paper prints, and its change against its own reference."""
    if cell.paper is None:
        return ""
    text = f"{cell.paper:.{layout.digits(name)}f}"
    return text if cell.paper_change is None else f"{text} ({signed(name, cell.paper_change)})"


def row_text(line: Line) -> str:
    """The row's name with what drove it."""
    return f"{line.name} [{line.drive}]"


def caption(ablation: Ablation) -> str:
    """What the table is about and under which protocol, in one line."""
    return f"{ablation.title}. {protocol(ablation)}"


def protocol(ablation: Ablation) -> str:
    """Under which protocol the rows were measured."""
    said = "".join(f", {name}={value}" for name, value in ablation.overrides.items())
    rows = ablation.results.rows
    seeds = sorted({seed for row in rows for seed in row.seeds})
    preset = f"preset {rows[0].preset}{said}, seeds {', '.join(map(str, seeds))}"
    return f"{layout.caption(ablation.results)}; {preset}"


def notes(ablation: Ablation) -> list[str]:
    """How to read the table, the paper's protocol, and what is missing."""
    changes = [cell.change for line in ablation.lines for cell in line.cells.values()]
    scopes = sorted({c.scope for c in changes if c and c.low is not None and not c.pooled})
    lines = [
        f"Changes are against the row {ablation.reference!r}, with 95% intervals, item by item"
        f"{' ' + '; '.join(scopes) if scopes else ''} unless said otherwise below. {STAR}: "
        "p <= 0.05 after Holm's correction over the whole table, but for columns without "
        "direction; the others are not sure. Seeds of a row are averaged.",
        *pooled_notes(ablation),
    ]
    if some := partial(ablation):
        lines.append(
            f"{', '.join(some)}: items failed in some row; a change is over the items that it and "
            "the reference both scored, and not the difference of the values shown."
        )
    bare = [
        name
        for name in ablation.columns
        if any(
            (c := line.cells[name].change) is not None and c.low is None for line in ablation.lines
        )
    ]
    if bare:
        lines.append(
            f"{', '.join(bare)}: in some row at least a change without an interval, which is not "
            "tested: it has too few items, or is no mean of items and has too few sequences, or "
            "nothing varies."
        )
    if ablation.paper:
        lines.append(
            f"paper: {ablation.paper['source']}, in brackets the change against its own row "
            f"{ablation.reference!r}. {ablation.paper['note']}"
        )
    lines += [f"{line.name}: {line.note}" for line in ablation.lines if line.note]
    return [*lines, *tables.footnotes(ablation.results)]


def partial(ablation: Ablation) -> list[str]:
    """Columns in which some change is not the difference of the values that stand there."""
    base = next(line for line in ablation.lines if line.reference)
    found = []
    for name in ablation.columns:
        other = base.cells[name].score
        for line in ablation.lines:
            own, change = line.cells[name].score, line.cells[name].change
            if own and other and change and own.value is not None and other.value is not None:
                shown = own.value - other.value
                if abs(change.value - shown) > 1e-5 * max(abs(own.value), 1.0):
                    found.append(name)
                    break
    return found


def pooled_notes(ablation: Ablation) -> list[str]:
    """How the intervals of columns came about that are no means of items."""
    lines = []
    for line in ablation.lines:
        found = {n: c.change.pooled for n, c in line.cells.items() if c.change and c.change.pooled}
        lines += pooled.sentences(found)
    return list(dict.fromkeys(lines))


def has_paper(line: Line) -> bool:
    """Whether the paper prints anything for a row."""
    return any(cell.paper is not None for cell in line.cells.values())
