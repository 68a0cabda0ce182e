"""The words and numbers of an ablation that all its formats share."""

from __future__ import annotations

from harness.ablation.table import Ablation, GridCell
from reports import layout, tables
from reports.comparison.changes import Change, scope
from reports.comparison.comparison import digits_of
from reports.numbers import Precision
from reports.statistics.correction import LEVEL

#: Marks a change that holds after Holm's correction.
STAR = "*"


def change_digits(ablation: Ablation, name: str) -> Precision:
    """How the changes of a column are written."""
    known = [change for change in ablation.changes(name) if change]
    return digits_of(known) if known else layout.column_precision(ablation.results, name)


def change_text(change: Change | None, digits: Precision | None = None) -> str:
    """`+1.20 [+0.90, +1.50]*`, as far as it is known."""
    if change is None or change.delta is None:
        return ""
    digits = digits or digits_of([change])
    text = digits.signed(change.delta)
    if change.interval:
        text += f" [{', '.join(map(digits.signed, change.interval))}]"
    return text + (STAR if change.verdict in ("better", "worse") else "")


def paper_text(ablation: Ablation, name: str, cell: GridCell) -> str:
    """`28.03 (+2.50)`: what the paper prints, and its change against its own reference."""
    if cell.paper is None:
        return ""
    text = layout.column_precision(ablation.results, name).text(cell.paper)
    if cell.paper_change is None:
        return text
    return f"{text} ({change_digits(ablation, name).signed(cell.paper_change)})"


def protocol(ablation: Ablation) -> str:
    """Under which protocol the rows were measured."""
    overrides = "".join(f", {name}={value}" for name, value in ablation.overrides.items())
    rows = ablation.results.rows
    seeds = sorted({seed for row in rows for seed in row.seeds})
    preset = f"preset {rows[0].preset}{overrides}, seeds {', '.join(map(str, seeds))}"
    return f"{layout.caption(ablation.results)}; {preset}"


def notes(ablation: Ablation) -> list[str]:
    """How to read the table, the paper's protocol, and what is missing."""
    changes = {name: [c for c in ablation.changes(name) if c] for name in ablation.columns}
    every = [change for found in changes.values() for change in found]
    lines = [
        f"Changes are relative to the row {ablation.reference!r}, paired item by item, with 95% "
        f"confidence intervals. {STAR}: p <= {LEVEL:g} after Holm correction over the whole "
        "table, in columns with a direction; the others are not significant. Seeds of a row are "
        "averaged.",
        scope(every),
    ]
    if some := [name for name, found in changes.items() if any(map(is_partial, found))]:
        lines.append(
            f"{', '.join(some)}: items failed in some row; a change covers the items that both the "
            "row and the reference have, so it is not the difference of the values shown."
        )
    bare = [name for name, found in changes.items() if any(c.interval is None for c in found)]
    if bare:
        lines.append(
            f"{', '.join(bare)}: some changes have no interval and are not tested: there are too "
            "few items, or the value is not a mean of items and there are too few sequences, or "
            "nothing varies."
        )
    if ablation.paper:
        lines.append(
            f"paper: {ablation.paper['source']}; in brackets, the change relative to the paper's "
            f"row {ablation.reference!r}. {ablation.paper['note']}"
        )
    lines += [f"{line.name}: {line.note}" for line in ablation.lines if line.note]
    return [*lines, *tables.footnotes(ablation.results)]


def is_partial(change: Change) -> bool:
    """Whether a change is not the difference of the values beside it, for items that failed."""
    if change.a is None or change.b is None or change.delta is None:
        return False
    return abs(change.delta - (change.b - change.a)) > 1e-5 * max(abs(change.a), abs(change.b))
