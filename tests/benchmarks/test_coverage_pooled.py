"""Coverage of pooled values in small: 150 tables, the same draws every time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks import coverage_pooled as bench


@pytest.mark.parametrize(
    "design", [bench.PooledDesign(1, 8, dim=8), bench.PooledDesign(4, 4, dim=8)]
)
def test_intervals_hold_about_as_often_as_they_say(design):
    found = bench.coverage(design, 150)
    least = stats.binom.ppf(0.001, 150, 0.95) / 150
    assert found["value"] >= least
    assert found["difference"] >= least
    assert ("over subjects" in found["scope"]) == (design.subjects == 4)


def test_a_single_value_misses_the_population_by_its_own_bias():
    found = bench.coverage(bench.PooledDesign(8, 2, dim=24), 60)
    assert found["value of the population"] < 0.6
    assert found["difference of the population"] > 0.8


def test_the_parts_are_what_the_distance_is_computed_without():
    rng = np.random.default_rng(0)
    sides, subjects = bench.table(rng, rng, bench.PooledDesign(4, 2, frames=10, dim=3))
    row, _ = bench.rows_of((sides, subjects))
    kept = [i for i, name in enumerate(subjects) if subjects[name] != "P3"]
    assert len(row.without) == 4
    assert row.without["P3"] == bench.pooled(
        [sides[1][i] for i in kept], [sides[0][i] for i in kept], {}, ""
    ).value  # fmt: skip


def test_command_fails_outside_the_bounds(capsys, monkeypatch):
    monkeypatch.setattr(bench, "DESIGNS", (bench.PooledDesign(1, 5, dim=3),))
    monkeypatch.setattr(bench, "BOUNDS", (0.0, 1.0))
    assert bench.main(["--tables", "20"]) == 0
    assert "1 x 5 x 30 of 3" in capsys.readouterr().out
    monkeypatch.setattr(bench, "BOUNDS", (1.1, 1.2))
    assert bench.main(["--tables", "20"]) == 1
