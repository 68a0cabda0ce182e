"""What intervals generalise to, in sentences for leaderboards, comparisons and ablations."""

from __future__ import annotations

from collections.abc import Iterable

from reports.statistics.clusters import SCOPES
from reports.statistics.pooled import LEVELS, MOST_PARTS, SEEDS

#: Fewer subjects than this, and the interval assumes that their means are normal.
FEW_SUBJECTS = 6

#: What is not claimed.
LIMITS = {
    "sequences": ": nothing is claimed for other subjects",
    "blocks": ": nothing is claimed for other sequences or subjects",
    "seeds": ": training noise only, which says nothing about other sequences or subjects",
}


def phrase(level: str, subjects: int, sequences: int, clusters: int, limit: str = "") -> str:
    """What one interval is over, with the numbers.

    Args:
        level: of the estimate, a key of `SCOPES`.
        subjects: with items.
        sequences: with items.
        clusters: parts that were left out in turn, or seeds.
        limit: "at most " where the numbers are upper limits.

    """
    if level in LEVELS:
        # As many parts as are the most may be several subjects or sequences joined.
        joined = clusters >= MOST_PARTS and level != SEEDS
        text = f"not a mean of items; {SCOPES[level]} ({clusters}{' parts of them' * joined})"
    else:
        counts = {
            "subjects": f" ({limit}{subjects}, {sequences} sequences)",
            "sequences": f" ({limit}{sequences})",
        }
        text = SCOPES[level] + counts.get(level, "")
    if level == "subjects" and subjects < FEW_SUBJECTS:
        text += f"; with fewer than {FEW_SUBJECTS} subjects it assumes normal means"
    return text + LIMITS.get(level, "")


def sentences(found: Iterable[tuple[str, str]]) -> list[str]:
    """One sentence for each kind of interval: that of most means first, the others with names.

    Args:
        found: (column, its phrase).

    """
    kinds: dict[str, list[str]] = {}
    for column, text in found:
        kinds.setdefault(text, []).append(column)
    order = sorted(kinds, key=lambda text: (text.startswith("not a mean"), -len(kinds[text])))
    lines: list[str] = []
    for text in order:
        named = lines or text.startswith("not a mean")
        columns = f" of {', '.join(dict.fromkeys(kinds[text]))}" if named else ""
        lines.append(f"95% intervals{columns}: {text}.")
    return lines
