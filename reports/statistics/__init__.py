"""Intervals, tests and ranks for means of correlated items."""

from reports.statistics.blocks import block_bootstrap_interval
from reports.statistics.bootstrap import Estimate, estimate
from reports.statistics.clusters import Series, person_of
from reports.statistics.correction import holm, rank_sets
from reports.statistics.pairs import Pairs, paired

__all__ = [
    "Estimate",
    "Pairs",
    "Series",
    "block_bootstrap_interval",
    "estimate",
    "holm",
    "paired",
    "person_of",
    "rank_sets",
]
