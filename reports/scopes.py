"""What intervals generalise to, in sentences for leaderboards, comparisons and ablations."""

from __future__ import annotations

from collections.abc import Iterable

from harness.contracts import Results, Row, Score
from reports.statistics.clusters import SCOPES, subject_of
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
    """What an interval of a level is over, with the numbers of subjects and sequences with items.

    `clusters` are parts that were left out in turn, or seeds; `limit` is "at most " where the
    numbers are upper limits.
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
        text += f"; with fewer than {FEW_SUBJECTS} subjects it assumes normally distributed means"
    return text + LIMITS.get(level, "")


def sentences(found: Iterable[tuple[str, str]]) -> list[str]:
    """One sentence for each kind of interval, of (column, its phrase).

    That of most means comes first, the others with names.
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


def of_table(results: Results) -> list[str]:
    """The sentences of a leaderboard; none before schema 3."""
    return sentences(
        (name, of_score(row, score, results))
        for row in results.rows
        for name, score in row.scores.items()
        if score.level and score.low is not None
    )


def of_score(row: Row, score: Score, results: Results) -> str:
    """What one interval is over, with the numbers of its row."""
    subjects = {subject_of(name, results.sequences) for name in row.sequences}
    blind = any(text.endswith("could not be scored") for text in score.warnings)
    parts = len(score.without) or len(score.by_seed)
    limit = "at most " if blind else ""
    return phrase(score.level, len(subjects), len(row.sequences), parts, limit)
