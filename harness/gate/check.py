"""A stored run compared with a baseline: what is worse, what is better, what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import BadInput, Results, Row
from harness.gate.baseline import judged, protocol_of, row_key, tolerance, value_of

#: Verdicts that fail the gate.
FAILING = ("worse", "slower", "gone", "failed")
#: Verdicts that pass and are shown.
SHOWN = ("better", "faster", "unclear", "new")


@dataclass(frozen=True)
class Finding:
    """One line of the gate's table.

    verdict: `ok`, or one of `FAILING` or `SHOWN`.
    tolerance: how far `now` may lie on the wrong side of `baseline`.
    """

    kind: str  # "quality" or "throughput"
    what: str
    verdict: str
    note: str = ""
    baseline: float | None = None
    now: float | None = None
    tolerance: float | None = None

    @property
    def fails(self) -> bool:
        """Whether this finding alone fails the gate."""
        return self.verdict in FAILING


def quality(
    baseline: Mapping[str, Any], results: Results, name: str, other_code: bool = False
) -> list[Finding]:
    """Every column of every judged row of the run `name` against a baseline that was read.

    Findings come in the baseline's order, then what is new, then failed cells. With `other_code`
    values are compared although other metric code scored them.

    Raises:
        BadInput: the run follows another protocol, or other metric code scored it.

    """
    rows = {row_key(row): row for row in results.rows if judged(row)}
    _refuse_other_protocol(baseline, rows, name)
    if not other_code:
        _refuse_other_code(baseline, results, name)
    found = []
    for key, kept in baseline["rows"].items():
        row = rows.get(key)
        if row is None:
            found.append(Finding("quality", key, "gone", "the row is missing"))
            continue
        found += [
            _column(f"{key} {column}", row, column, entry, results)
            for column, entry in kept["columns"].items()
        ]
        found += [
            Finding("quality", f"{key} {column}", "new", now=now)
            for column in baseline["code"]
            if column not in kept["columns"] and (now := value_of(row, column)) is not None
        ]
    found += [
        Finding("quality", key, "new", "the baseline has no such row")
        for key in rows
        if key not in baseline["rows"]
    ]
    return found + [
        Finding(
            "quality",
            f"{each.method} [{each.drive}] {each.kind} of {each.sequence}",
            "failed",
            f"{each.type}: {each.message}" + f" ({each.where})" * bool(each.where),
        )
        for each in results.failures
    ]


def _column(
    what: str, row: Row, column: str, entry: Mapping[str, float], results: Results
) -> Finding:
    mean, now = entry["mean"], value_of(row, column)
    facts = results.columns.get(column)
    if now is None or facts is None:
        score = row.scores.get(column)
        note = (score.reason or score.status) if score else "the column is missing"
        return Finding("quality", what, "gone", note, mean)
    allowed = tolerance(entry, facts, len(row.seeds))
    loss = (mean - now) * (1 if facts["direction"] == "up" else -1)
    # Whatever is not within the tolerance fails, should any number be none.
    verdict = "worse" if not loss <= allowed else "better" if -loss > allowed else "ok"
    return Finding("quality", what, verdict, "", mean, now, allowed)


def _refuse_other_protocol(baseline: Mapping[str, Any], rows: Mapping[str, Row], name: str) -> None:
    cure = "Run with the baseline's protocol, or make a baseline for this one (--refresh)."
    if not rows.keys() & baseline["rows"].keys():
        fact = f"none of its rows is in the baseline ({', '.join(baseline['rows'])})"
        raise BadInput(name, fact, cure)
    for key, row in rows.items():
        if key not in baseline["rows"]:
            continue
        wanted, have = baseline["rows"][key]["protocol"], protocol_of(row)
        differ = [part for part in {**wanted, **have} if wanted.get(part) != have.get(part)]
        if differ:
            facts = ", ".join(f"{p} is {have.get(p)!r}, not {wanted.get(p)!r}" for p in differ)
            raise BadInput(name, f"{key} follows a different protocol: {facts}", cure)


def _refuse_other_code(baseline: Mapping[str, Any], results: Results, name: str) -> None:
    other = [
        column
        for column, code in baseline["code"].items()
        if code and results.columns.get(column, {}).get("code", code) not in (code, "")
    ]
    if other:
        fact = f"{_some(other)} was scored by different metric code than the baseline"
        cure = (
            "Refresh the baseline in the change that touches the metric (--refresh), or, if no "
            "value changed, record the new code (--accept-code)."
        )
        raise BadInput(name, f"{fact}; such values are not comparable", cure)
    unknown = [c for c in baseline["code"] if "code" not in results.columns.get(c, {"code": ""})]
    if unknown:
        fact = f"it does not state which code scored {_some(unknown)}"
        cure = "It is older than the gate: delete its results.json and run again; cells are reused."
        raise BadInput(name, fact, cure)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


def failing(findings: Iterable[Finding]) -> list[Finding]:
    """What fails the gate."""
    return [each for each in findings if each.fails]
