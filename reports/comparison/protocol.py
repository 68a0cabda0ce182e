"""Whether two rows were measured alike; where not, what exactly differs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contracts import BadInput, Results

if TYPE_CHECKING:
    from reports.comparison.rows import Side

#: Facts of `Row.protocol` that decide values; the device does not.
FACTS = (
    "fps",
    "height",
    "width",
    "mixed_sizes",
    "composite",
    "train_fraction",
    "test_frames",
)

#: Facts of `Score.details` that name how a column was measured.
DETAILS = ("weights", "variant", "network", "detector", "extractor", "resize", "pooling")

#: Facts of a column that define it.
COLUMN = ("metric", "direction", "unit", "pooling")


def differences(a: Side, b: Side) -> list[str]:
    """Everything in which two rows were measured differently, in words."""
    found = []
    pairs: list[tuple[str, Any, Any]] = [("split", a.row.split, b.row.split)]
    pairs += [(f, a.row.protocol.get(f), b.row.protocol.get(f)) for f in FACTS]
    found += [f"{name} {x!r} in A, {y!r} in B" for name, x, y in pairs if x != y]
    only = [sorted(set(x.row.sequences) - set(y.row.sequences)) for x, y in ((a, b), (b, a))]
    for label, names in zip("AB", only, strict=True):
        if names:
            found.append(f"sequences in {label} alone: {', '.join(names)}")
    for name in a.row.scores:
        if name in b.row.scores:
            found += column_differences(a, b, name)
    return found


def column_differences(a: Side, b: Side, name: str) -> list[str]:
    """In what one column differs by definition, variant or weights."""
    found = []
    facts = (a.results.columns.get(name, {}), b.results.columns.get(name, {}), COLUMN)
    details = (a.row.scores[name].details, b.row.scores[name].details, DETAILS)
    for left, right, keys in (facts, details):
        for key in keys:
            # What one side does not state cannot differ.
            if left.get(key) not in (None, "") and right.get(key) not in (None, ""):
                x, y = left[key], right[key]
                if x != y:
                    found.append(f"{name}: {key} {short(x)} in A, {short(y)} in B")
    return found


def short(value: Any) -> str:
    """A fact that fits a line; checksums by their first twelve digits."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} {str(v)[:12]}" for k, v in value.items()) + "}"
    return repr(value)


def metric_code(folder: Path) -> dict[str, set[str]]:
    """Metric id -> hashes of the code that scored it, as far as the run folder keeps its cells."""
    codes: dict[str, set[str]] = {}
    for path in folder.glob("cells/score/*/cell.json"):
        try:
            inputs = json.loads(path.read_text("utf-8"))["inputs"]
            codes.setdefault(str(inputs["metric"]), set()).add(str(inputs["code"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a damaged cell says nothing of the code
    return codes


def stated_code(results: Results) -> dict[str, set[str]]:
    """Metric id -> digest of its code, as the columns of the results state it."""
    codes: dict[str, set[str]] = {}
    for facts in results.columns.values():
        if facts.get("code"):
            codes.setdefault(str(facts["metric"]), set()).add(str(facts["code"]))
    return codes


def codes_of(a: Side, b: Side) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Code of the metrics of both sides, as far as it is known.

    What the results state counts. Cells are asked for metrics that one side states nothing of:
    theirs is another digest, which changes with every comment, and older than the statement.
    """
    left, right = stated_code(a.results), stated_code(b.results)
    unstated = {str(facts.get("metric")) for s in (a, b) for facts in s.results.columns.values()}
    unstated -= left.keys() & right.keys()
    if unstated:
        kept = metric_code(a.folder), metric_code(b.folder)
        for name in unstated:
            for codes, found in zip((left, right), kept, strict=True):
                codes.pop(name, None)
                if name in found:
                    codes[name] = found[name]
    return left, right


def code_differences(a: Side, b: Side) -> list[str]:
    """Metrics whose code is known on both sides and never the same."""
    if a.folder == b.folder:
        return []
    left, right = codes_of(a, b)
    return [
        f"{name}: metric code {'/'.join(sorted(left[name]))} in A, "
        f"{'/'.join(sorted(right[name]))} in B"
        for name in left
        if name in right and not left[name] & right[name]
    ]


def code_unknown(a: Side, b: Side) -> list[str]:
    """Metrics with values on both sides of which one side does not say what code scored them."""
    if a.folder == b.folder:
        return []
    left, right = codes_of(a, b)
    values = [{n for n, score in s.row.scores.items() if score.value is not None} for s in (a, b)]
    names = dict.fromkeys(
        str(facts.get("metric"))
        for column, facts in a.results.columns.items()
        if column in values[0] & values[1]
    )
    return [name for name in names if name not in left or name not in right]


def require_same(pairs: Iterable[tuple[Side, Side]]) -> None:
    """Refuse to compare what was measured differently.

    Raises:
        BadInput: with every difference.

    """
    found: list[str] = []
    for a, b in pairs:
        found += differences(a, b)
        found += code_differences(a, b)
    if found:
        unique = list(dict.fromkeys(found))
        raise BadInput(
            "A and B",
            f"were measured differently in {len(unique)} ways: {'; '.join(unique)}",
            "Score both under one protocol and with one version of the metrics.",
        )


def remarks(pairs: Iterable[tuple[Side, Side]]) -> list[str]:
    """What differs and may be compared, but a reader must know of."""
    found = []
    for a, b in pairs:
        if a.row.drive != b.row.drive:
            found.append(f"A is driven by {a.row.drive!r}, B by {b.row.drive!r}.")
        if a.row.preset != b.row.preset:
            found.append(f"A has the preset {a.row.preset!r}, B {b.row.preset!r}.")
        seeds = len(a.row.seeds), len(b.row.seeds)
        if a.row.role == b.row.role == "method":
            found.append(
                "One training each: how much another seed would change is in no interval."
                if max(seeds) == 1
                else f"Items are means of {seeds[0]} seeds in A and {seeds[1]} in B; the spread "
                "between seeds is in no interval that does not speak of trainings."
            )
        for label, own, other in (("A", a, b), ("B", b, a)):
            if names := [n for n in own.row.scores if n not in other.row.scores]:
                found.append(f"columns in {label} alone, so not compared: {', '.join(names)}")
        if names := code_unknown(a, b):
            found.append(
                "Not known on both sides, so not compared, is the code of the metrics "
                f"{', '.join(names)}: were it another, the values could not be compared."
            )
        commits = [(side.results.provenance.get("git") or {}).get("commit") for side in (a, b)]
        if None not in commits and commits[0] != commits[1]:
            found.append(f"Code: {commits[0][:12]} in A, {commits[1][:12]} in B.")
    return list(dict.fromkeys(found))
