"""What the intervals of a leaderboard generalise to, in sentences below the table."""

from __future__ import annotations

from harness.contracts import Results, Row, Score
from reports import scopes
from reports.statistics import subject_of


def sentences(results: Results) -> list[str]:
    """One sentence for each kind of interval; none before schema 3."""
    return scopes.sentences(
        (name, phrase(row, score, results))
        for row in results.rows
        for name, score in row.scores.items()
        if score.level and score.low is not None
    )


def phrase(row: Row, score: Score, results: Results) -> str:
    """What one interval is over, with the numbers of the row."""
    subjects = {subject_of(name, results.sequences) for name in row.sequences}
    blind = any(text.endswith("could not be scored") for text in score.warnings)
    parts = len(score.without) or len(score.by_seed)
    limit = "at most " if blind else ""
    return scopes.phrase(score.level, len(subjects), len(row.sequences), parts, limit)
