"""What the intervals of a leaderboard speak about, in sentences below the table."""

from __future__ import annotations

from harness.contracts import Results, Row, Score
from reports.comparison import pooled
from reports.statistics import subject_of
from reports.statistics.clusters import SCOPES
from reports.statistics.pooled import LEVELS


def sentences(results: Results) -> list[str]:
    """One sentence a kind of interval, with its columns; none before schema 3.

    Columns are named only where there are several kinds.
    """
    kinds: dict[str, list[str]] = {}
    for row in results.rows:
        for name, score in row.scores.items():
            if score.level and score.low is not None:
                kinds.setdefault(kind(row, score, results), []).append(name)
    said = [(text, list(dict.fromkeys(names))) for text, names in kinds.items()]
    if len(said) == 1:
        return [f"95% intervals: {said[0][0]}."]
    return [f"95% intervals of {', '.join(names)}: {text}." for text, names in said]


def kind(row: Row, score: Score, results: Results) -> str:
    """What one interval speaks about, with the numbers of what it is over."""
    if score.level in LEVELS:
        count = len(score.without) or len(score.by_seed)
        return f"no mean of items; {pooled.kind(score.level, count)}"
    subjects = {subject_of(name, results.sequences) for name in row.sequences}
    blind = any(text.endswith("could not be scored") for text in score.warnings)
    most = "at most " if blind else ""
    counts = {
        "subjects": f" ({most}{len(subjects)}, {len(row.sequences)} sequences)",
        "sequences": f" ({most}{len(row.sequences)})",
    }
    return SCOPES[score.level] + counts.get(score.level, "")
