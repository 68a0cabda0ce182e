"""What a leaderboard shows, before any format: columns in order, cells as text, the best marked."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.contracts import Results, Row, Score, UnknownName

ARROWS = {"up": "↑", "down": "↓", "none": ""}
LATEX_ARROWS = {"up": r"$\uparrow$", "down": r"$\downarrow$", "none": ""}

#: Families in the order in which papers print them; others follow.
ORDER = (
    "psnr",
    "psnr/head",
    "ssim",
    "ms_ssim",
    "lpips",
    "fid",
    "fvd",
    "lmd",
    "lmd_face",
    "sync_c",
    "sync_d",
    "e_fid",
    "emo_fid",
    "csim",
    "csim_ref",
    "aue",
    "aue_u",
    "aue_l",
    "fps",
    "latency_ms",
)

#: Digits after the point, by the family of the column.
DIGITS = {"psnr": 2, "ssim": 4, "ms_ssim": 4, "lpips": 4, "fps": 1, "latency_ms": 1}


@dataclass(frozen=True)
class CellText:
    """One cell as it is shown."""

    text: str
    best: bool = False
    note: str = ""


def rank(name: str) -> tuple[int, str]:
    """Sort key of a column: the papers' order first."""
    for index, prefix in enumerate(ORDER):
        if name == prefix:
            return (2 * index, name)
        if name.split("/")[0] == prefix:
            return (2 * index + 1, name)
    return (2 * len(ORDER), name)


def column_names(results: Results) -> list[str]:
    """All columns, in reading order; those that no row could score come last."""
    scored = {
        name for row in results.rows for name, score in row.scores.items() if score.status == "ok"
    }
    return sorted(results.columns, key=lambda name: (name not in scored, rank(name)))


def choose(results: Results, names: Sequence[str]) -> Results:
    """The same rows with chosen columns alone; what failed stays named.

    Args:
        results: rows and columns.
        names: whole names; one that is none stands for all variants of its family, so `lpips`
            means `lpips/alex` and `lpips/vgg`.

    Raises:
        UnknownName: neither a column nor a family.

    """
    wanted: list[str] = []
    for name in names:
        found = [name] if name in results.columns else []
        found = found or [known for known in results.columns if known.split("/")[0] == name]
        if not found:
            raise UnknownName("column", name, results.columns)
        wanted += found
    rows = [
        replace(row, scores={name: row.scores[name] for name in row.scores if name in wanted})
        for row in results.rows
    ]
    columns = {name: facts for name, facts in results.columns.items() if name in wanted}
    return replace(results, rows=tuple(rows), columns=columns)


def digits(name: str) -> int:
    """Digits after the point for a column."""
    return DIGITS.get(name.split("/")[0], 3)


def row_label(row: Row) -> str:
    """Method and drive: what drove a test stands in the row."""
    return f"{row.method} [{row.drive}]" if row.role == "method" and row.drive else row.method


def competes(row: Row) -> bool:
    """Whether a row can be best: oracles and the shuffled control cannot."""
    return row.role != "oracle" and row.drive != "shuffled-audio"


def best_rows(results: Results, name: str) -> set[int]:
    """Rows that are best in a column.

    Of those that compete; baselines do not for speed, since showing a stored frame is no
    synthesis.
    """
    direction = results.columns[name]["direction"]
    if direction == "none":
        return set()
    speed = name.split("/")[0] in ("fps", "latency_ms")
    sign = 1 if direction == "up" else -1
    values = {
        index: sign * round(score.value, digits(name))
        for index, row in enumerate(results.rows)
        if competes(row)
        and not (speed and row.role == "baseline")
        and (score := row.scores.get(name)) is not None
        and score.status == "ok"
        and score.value is not None
    }
    top = max(values.values(), default=None)
    return {index for index, value in values.items() if value == top}


def value_text(name: str, score: Score | None) -> str:
    """A value, or why there is none."""
    if score is None:
        return "-"
    if score.status != "ok" or score.value is None:
        return {"unavailable": "n/a"}.get(score.status, "failed")
    return f"{score.value:.{digits(name)}f}"


def interval_text(name: str, score: Score | None) -> str:
    """`low to high`, or nothing."""
    if score is None or score.low is None or score.high is None:
        return ""
    return f"{score.low:.{digits(name)}f} to {score.high:.{digits(name)}f}"


def note_text(score: Score | None) -> str:
    """What a careful reader should know of a cell."""
    if score is None:
        return ""
    notes = [score.reason, *score.warnings]
    if score.failures and score.status == "ok":
        types = score.details.get("failures_by_type", {})
        kinds = ", ".join(f"{name} {count}" for name, count in types.items())
        notes.append(
            f"{score.failures} of {score.n + score.failures} items could not be scored"
            + (f" ({kinds})" if kinds else "")
        )
    return "; ".join(note for note in notes if note)


def cells(results: Results, names: list[str]) -> list[list[CellText]]:
    """All cells, row by row."""
    best = {name: best_rows(results, name) for name in names}
    return [
        [
            CellText(
                value_text(name, row.scores.get(name)),
                index in best[name],
                note_text(row.scores.get(name)),
            )
            for name in names
        ]
        for index, row in enumerate(results.rows)
    ]


def head(results: Results, name: str) -> str:
    """A column's head: its name with variant, and its direction."""
    return f"{name} {ARROWS[results.columns[name]['direction']]}".strip()


def caption(results: Results) -> str:
    """Protocol in one line."""
    first = results.rows[0]
    protocol = first.protocol
    hardware = results.provenance.get("hardware", {})
    device = hardware.get("gpu") or hardware.get("cpu", "")
    size = f"{protocol['height']}x{protocol['width']}"
    if not protocol["height"]:
        size = "meshes"
    elif protocol.get("mixed_sizes"):
        size = "several sizes or rates, the first " + size
    plural = "s" if len(first.sequences) > 1 else ""
    return (
        f"{first.split}: {len(first.sequences)} sequence{plural}, {protocol['test_frames']} test "
        f"frames, {size} at {protocol['fps']:g} fps, "
        f"composite {protocol['composite']}, {device}"
    )


def comma_separated(lines: Sequence[Mapping[str, Any]]) -> str:
    """Lines of equal keys as CSV with a head; nothing for none."""
    if not lines:
        return ""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue().rstrip("\n")
