"""Intervals, tests and ranks for means of correlated items, and for other values."""

from reports.statistics.bootstrap import Estimate, estimate
from reports.statistics.clusters import Series, mean_of, subject_of
from reports.statistics.correction import holm, rank_sets
from reports.statistics.pairs import Pairs, paired
from reports.statistics.pooled import Pooled, estimate_pooled, parts

__all__ = [
    "Estimate",
    "Pairs",
    "Pooled",
    "Series",
    "estimate",
    "estimate_pooled",
    "holm",
    "mean_of",
    "paired",
    "parts",
    "subject_of",
    "rank_sets",
]
