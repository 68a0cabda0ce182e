"""What a leaderboard shows, before any format: columns in order, cells as text, the best marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.contracts import Results, Row, Score, UnknownName
from reports.formats import CellText
from reports.numbers import Precision, precision

ARROWS = {"up": "↑", "down": "↓", "none": ""}

#: Families in the order in which papers print them; others follow.
ORDER = (
    "psnr ssim ms_ssim lpips fid fvd lmd lmd_face sync_c sync_d e_fid emo_fid csim csim_ref aue "
    "aue_u aue_l fps latency_ms"
)


def family(name: str) -> str:
    """The name of a column without its variant."""
    return name.partition("/")[0]


def rank(name: str) -> tuple[int, str]:
    """Sort key of a column: the papers' order first, a family's own column before its variants."""
    order = ORDER.split()
    return (order.index(family(name)) if family(name) in order else len(order), name)


def column_names(results: Results) -> list[str]:
    """All columns, in reading order; those that no row could score come last."""
    scored = {
        name for row in results.rows for name, score in row.scores.items() if score.status == "ok"
    }
    return sorted(results.columns, key=lambda name: (name not in scored, rank(name)))


def named(known: Collection[str], names: Iterable[str]) -> list[str]:
    """The known columns that names stand for.

    A name that is no column stands for all variants of its family: `lpips` means `lpips/alex` and
    `lpips/vgg`.

    Raises:
        UnknownName: neither a column nor a family.

    """
    wanted: list[str] = []
    for name in names:
        found = [name] if name in known else [one for one in known if family(one) == name]
        if not found:
            raise UnknownName("column", name, known)
        wanted += found
    return list(dict.fromkeys(wanted))


def choose(results: Results, names: Sequence[str]) -> Results:
    """The same rows with chosen columns alone; what failed stays named.

    Raises:
        UnknownName: neither a column nor a family.

    """
    wanted = named(results.columns, names)
    rows = [
        replace(row, scores={name: row.scores[name] for name in row.scores if name in wanted})
        for row in results.rows
    ]
    columns = {name: facts for name, facts in results.columns.items() if name in wanted}
    return replace(results, rows=tuple(rows), columns=columns)


def row_label(row: Row) -> str:
    """Method, driving signal and overrides of the preset: what makes a row this one."""
    label = f"{row.method} [{row.drive}]" if row.role == "method" and row.drive else row.method
    options = ", ".join(f"{name}={value}" for name, value in row.options.items())
    return f"{label} ({options})" if options else label


def competes(row: Row) -> bool:
    """Whether a row can be best: oracles and the shuffled control cannot."""
    return row.role != "oracle" and row.drive != "shuffled-audio"


def tops(direction: str, values: Mapping[int, float | None]) -> set[int]:
    """Who has the best value, unrounded; equal values share it."""
    known = {index: value for index, value in values.items() if value is not None}
    if direction == "none" or not known:
        return set()
    top = (max if direction == "up" else min)(known.values())
    return {index for index, value in known.items() if value == top}


def best_rows(results: Results, name: str) -> set[int]:
    """Rows that are best in a column.

    Of those that compete; baselines do not for speed, since showing a stored frame is not
    synthesis.
    """
    facts = results.columns[name]
    values = {
        index: score.value
        for index, row in enumerate(results.rows)
        if competes(row)
        and not (facts.get("needs_timing") and row.role == "baseline")
        and (score := row.scores.get(name)) is not None
        and score.status == "ok"
    }
    return tops(facts["direction"], values)


def column_precision(results: Results, name: str) -> Precision:
    """The digits of a column: as many as the rows that compete need, and to see which is best."""
    rows = [row for row in results.rows if competes(row)] or results.rows
    scores = [score for row in rows if (score := row.scores.get(name)) is not None]
    values = {score.value for score in scores if score.value is not None}
    digits, direction = precision(name, values), results.columns[name]["direction"]
    first, second, *_ = *sorted(values, reverse=direction == "up"), 0.0, 0.0
    return digits.apart(first, second) if len(values) > 1 and direction != "none" else digits


def value_text(score: Score | None, digits: Precision) -> str:
    """A value, or why there is none."""
    if score is None:
        return "-"
    if score.status != "ok" or score.value is None:
        return {"unavailable": "absent", "not applicable": "n/a"}.get(score.status, "failed")
    return digits.text(score.value)


def interval_text(score: Score | None, digits: Precision) -> str:
    """`low to high`, or nothing."""
    if score is None or score.low is None or score.high is None:
        return ""
    return f"{digits.text(score.low)} to {digits.text(score.high)}"


def notes(score: Score | None) -> list[str]:
    """What a careful reader should know of a cell."""
    if score is None:
        return []
    found = [score.reason, *score.warnings]
    if score.failures and score.status == "ok":
        types = score.details.get("failures_by_type", {})
        kinds = ", ".join(f"{name} {count}" for name, count in types.items())
        many = f"{score.failures} of {score.n + score.failures} items could not be scored"
        found.append(f"{many} ({kinds})" if kinds else many)
    return list(dict.fromkeys(filter(None, found)))


def cells(results: Results, names: Sequence[str]) -> list[list[CellText]]:
    """All cells, row by row."""
    best = {name: best_rows(results, name) for name in names}
    digits = {name: column_precision(results, name) for name in names}
    return [
        [
            CellText(
                value_text(row.scores.get(name), digits[name]),
                "best" if index in best[name] else "plain",
                tuple(notes(row.scores.get(name))),
            )
            for name in names
        ]
        for index, row in enumerate(results.rows)
    ]


def head(results: Results, name: str) -> str:
    """A column's head: its name with variant, and its direction."""
    return f"{name} {ARROWS[results.columns[name]['direction']]}".strip()


def made_with(results: Results, fact: str) -> tuple[str, ...]:
    """Distinct values of what computed the cells of all rows."""
    return tuple(dict.fromkeys(v for row in results.rows for v in row.made_with.get(fact, ())))


def provenance(results: Results) -> dict[str, Any]:
    """Where the numbers come from: packages are those that made the cells, not today's."""
    facts = {fact: made_with(results, fact) for row in results.rows for fact in row.made_with}
    if not facts:
        return dict(results.provenance)
    shown = {name: ", ".join(values) for name, values in sorted(facts.items())}
    rest = {key: value for key, value in results.provenance.items() if key != "packages"}
    return {**rest, "made_with": shown}


def caption(results: Results) -> str:
    """Protocol in one line."""
    first = results.rows[0]
    protocol = first.protocol
    hardware = results.provenance.get("hardware", {})
    device = " / ".join(made_with(results, "gpu") or made_with(results, "cpu"))
    device = device or hardware.get("gpu") or hardware.get("cpu", "")
    size = f"{protocol['height']}x{protocol['width']}"
    if not protocol["height"]:
        size = "meshes"
    elif protocol.get("mixed_sizes"):
        size = "several sizes or rates, the first " + size
    plural = "s" if len(first.sequences) > 1 else ""
    limit, training = protocol.get("limit"), protocol.get("train_limit")
    trained = f", and of each training part the first {training}" if training else ""
    few = f", a trial on the first {limit} frames of each test sequence{trained}" if limit else ""
    return (
        f"{first.split}: {len(first.sequences)} sequence{plural}, {protocol.get('test_frames')} "
        f"test frames, {size} at {protocol['fps']:g} fps, "
        f"composite {protocol.get('composite')}{few}, {device}"
    )
