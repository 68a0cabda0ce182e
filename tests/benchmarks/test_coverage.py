"""Coverage in small: 200 tables, the same draws every time."""

from __future__ import annotations

import pytest
from scipy import stats

from benchmarks import coverage


@pytest.mark.parametrize("design", coverage.GUARANTEED[:3], ids=lambda design: design.name)
def test_intervals_hold_the_truth_as_often_as_they_say(design):
    found = coverage.coverage(design, 200, resamples=399)
    low, high = stats.binom.ppf([0.001, 0.999], 200, 0.95) / 200  # 89.5% and 99%
    assert low <= found["ours"] <= high
    assert found["naive"] < 0.35


def test_one_sequence_holds_its_own_mean_and_not_that_of_the_population():
    own = coverage.Design(1, 1, frames=250, target="sequence")
    population = coverage.Design(1, 1, frames=250)
    assert coverage.coverage(own, 200, 399)["ours"] >= 0.895
    found = coverage.coverage(population, 200, 399)
    assert found["ours"] < 0.8
    assert "within this sequence" in found["scope"]


def test_command_prints_every_design_and_fails_outside_the_bounds(capsys, monkeypatch):
    monkeypatch.setattr(coverage, "SMALL", ())
    monkeypatch.setattr(coverage, "GUARANTEED", coverage.GUARANTEED[:1])
    monkeypatch.setattr(coverage, "BOUNDS", (0.0, 1.0))
    assert coverage.main(["--tables", "5"]) == 0
    assert "8 x 4 x 150" in capsys.readouterr().out
    monkeypatch.setattr(coverage, "BOUNDS", (1.1, 1.2))
    assert coverage.main(["--tables", "5"]) == 1
