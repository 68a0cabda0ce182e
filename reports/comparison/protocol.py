"""Whether two rows were measured alike; if not, what exactly differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.contracts import BadInput
from reports.comparison.rows import Side

#: Facts of `Row.protocol` that decide values; the device does not.
FACTS = (
    *("fps", "height", "width", "mixed_sizes", "composite", "train_fraction", "test_frames"),
    *("limit", "train_limit"),
)

#: Facts of `Score.details` that name how a column was measured.
DETAILS = ("weights", "variant", "network", "detector", "extractor", "resize", "pooling")

#: Facts of a column that define it.
COLUMN = ("metric", "direction", "unit", "pooling", "aggregation")


def differences(a: Side, b: Side) -> list[str]:
    """Everything in which two rows were measured differently, in words."""
    pairs: list[tuple[str, Any, Any]] = [("split", a.row.split, b.row.split)]
    pairs += [(f, a.row.protocol.get(f), b.row.protocol.get(f)) for f in FACTS]
    found = [f"{name} {x!r} in A, {y!r} in B" for name, x, y in pairs if x != y]
    only = [sorted(set(x.row.sequences) - set(y.row.sequences)) for x, y in ((a, b), (b, a))]
    for label, names in zip("AB", only, strict=True):
        if names:
            found.append(f"sequences only in {label}: {', '.join(names)}")
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
            x, y = left.get(key), right.get(key)
            if x not in (None, "") and y not in (None, "") and x != y:
                found.append(f"{name}: {key} {short(x)} in A, {short(y)} in B")
    return found


def short(value: Any) -> str:
    """A fact that fits a line; checksums by their first twelve digits."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} {str(v)[:12]}" for k, v in value.items()) + "}"
    return repr(value)


def metric_code(side: Side) -> dict[str, set[str]]:
    """Metric id -> digests of the code that scored a row: of its cells, else of its columns."""
    codes: dict[str, set[str]] = {}
    for facts in side.results.columns.values():
        metric = str(facts.get("metric"))
        made = side.row.made_with.get(f"code:{metric}") or (facts.get("code"),)
        codes.setdefault(metric, set()).update(str(code) for code in made if code)
    return {metric: found for metric, found in codes.items() if found}


def code_differences(a: Side, b: Side) -> list[str]:
    """Metrics whose code is known on both sides and never the same."""
    left, right = metric_code(a), metric_code(b)
    return [
        f"{name}: metric code {'/'.join(sorted(left[name]))} in A, "
        f"{'/'.join(sorted(right[name]))} in B"
        for name in left
        if name in right and not left[name] & right[name]
    ]


def code_unknown(a: Side, b: Side) -> list[str]:
    """Metrics with values on both sides of which one side does not state what code scored them."""
    if a.folder == b.folder:
        return []
    left, right = metric_code(a), metric_code(b)
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
    found = dict.fromkeys(
        text for a, b in pairs for text in (*differences(a, b), *code_differences(a, b))
    )
    if found:
        fact = f"were measured differently in {len(found)} ways: {'; '.join(found)}"
        cure = "Score both under one protocol and with one version of the metrics."
        raise BadInput("A and B", fact, cure)


def remarks(pairs: Iterable[tuple[Side, Side]]) -> list[str]:
    """What differs and may be compared, but a reader must know of."""
    found = []
    for a, b in pairs:
        if a.row.drive != b.row.drive:
            found.append(f"A is driven by {a.row.drive!r}, B by {b.row.drive!r}.")
        for what, x, y in (
            ("preset", a.row.preset, b.row.preset),
            ("overrides", dict(a.row.options), dict(b.row.options)),
        ):
            if x != y:
                found.append(f"A has the {what} {x!r}, B {y!r}.")
        seeds = len(a.row.seeds), len(b.row.seeds)
        if a.row.role == b.row.role == "method":
            found.append(
                "One training run each: no interval covers the variation between seeds."
                if max(seeds) == 1
                else f"Items are means over {seeds[0]} seeds in A and {seeds[1]} in B; only "
                "intervals over training runs cover the variation between seeds."
            )
        for label, own, other in (("A", a, b), ("B", b, a)):
            if names := [n for n in own.row.scores if n not in other.row.scores]:
                found.append(f"columns only in {label}, not compared: {', '.join(names)}")
        if names := code_unknown(a, b):
            found.append(
                f"The code of the metrics {', '.join(names)} is not recorded on both sides; "
                "if it differs, the values are not comparable."
            )
        for fact in a.row.made_with:
            made = a.row.made_with[fact], b.row.made_with.get(fact)
            if made[1] is not None and made[0] != made[1] and not fact.startswith("code:"):
                found.append(f"{fact}: {', '.join(made[0])} in A, {', '.join(made[1])} in B.")
        ours, theirs = ((side.results.provenance.get("git") or {}).get("commit") for side in (a, b))
        if ours is not None and theirs is not None and ours != theirs:
            found.append(f"Code: {ours[:12]} in A, {theirs[:12]} in B.")
    return list(dict.fromkeys(found))
