"""The rule that decides on speed, by simulation with a clock of our own."""

from __future__ import annotations

import random

import pytest

from harness.gate import throughput
from harness.gate.throughput import Measured, Rule, judge, measure, median_interval
from tests.fake_clock import Machine

RULE = Rule(rounds=40, looks=5)


def checked(machine, slowdown, rule=RULE):
    def build():
        return {"fusion": machine.work(1.5e-3 * slowdown), "other": machine.work(1e-3)}

    found = throughput.check(
        build, machine.work(1e-3), {"fusion": 1.5, "other": 1.0}, rule.limit, rule, machine
    )
    return {name: verdict for name, (_, verdict) in found.items()}


@pytest.mark.parametrize("busy", [0.0, 2.0])
def test_good_commits_pass_on_busy_machines(busy):
    for seed in range(30):
        assert checked(Machine(seed, busy, spikes=0.1), 1.0) == {"fusion": "ok", "other": "ok"}


@pytest.mark.parametrize("busy", [0.0, 2.0])
def test_slowdowns_are_caught_on_busy_machines(busy):
    for seed in range(30):
        found = checked(Machine(seed, busy, spikes=0.1), 1.5)
        assert found == {"fusion": "slower", "other": "ok"}


def test_false_alarms_at_the_limit_are_rarer_than_stated():
    """The worst good commit lies at the limit itself."""
    alarms = 0
    for seed in range(200):
        machine = Machine(seed)
        works = {"fusion": machine.work(1.3e-3)}
        one = measure(works, machine.work(1e-3), Rule(rounds=20, looks=3, error=0.03), machine)
        alarms += judge(one["fusion"], 1.0, 1.3) == "slower"
    assert alarms / 200 <= 0.03


def test_measuring_stops_when_the_interval_is_tight():
    machine = Machine(0)
    rule = Rule(rounds=20, looks=50, tight=0.05)
    (one,) = measure({"a": machine.work(2e-3)}, machine.work(1e-3), rule, machine).values()
    assert one.within(0.05)
    assert one.pairs < 20 * 50
    assert one.low < 2.0 < one.high


def test_an_alarm_must_repeat_itself():
    """A slow first measurement, of unlucky memory say, is no verdict."""
    machine = Machine(0)
    built = []

    def build():
        built.append(1)
        return {"fusion": machine.work(3e-3 if len(built) == 1 else 1.5e-3)}

    found = throughput.check(build, machine.work(1e-3), {"fusion": 1.5}, 1.3, RULE, machine)
    assert found["fusion"][1] == "ok"
    assert len(built) == 2


def test_verdicts():
    def of(low, high):
        return Measured((low + high) / 2, low, high, 100)

    assert judge(of(1.31, 1.4), 1.0, 1.3) == "slower"
    assert judge(of(1.29, 1.4), 1.0, 1.3) == "unclear"
    assert judge(of(0.9, 1.2), 1.0, 1.3) == "ok"
    assert judge(of(0.6, 0.7), 1.0, 1.3) == "faster"


def test_the_interval_of_a_median_covers_it():
    generator = random.Random(0)
    missed = 0
    for _ in range(2000):
        low, high = median_interval([generator.random() for _ in range(60)], 0.05)
        missed += not low <= 0.5 <= high
    assert 0.03 < missed / 2000 < 0.10  # two sides of at most 5%
    assert median_interval([3.0, 1.0, 2.0], 1e-6) == (1.0, 3.0)


def test_works_that_the_baseline_does_not_know_are_not_measured():
    machine = Machine(0)
    found = throughput.check(
        lambda: {"new": machine.work(1e-3)}, machine.work(1e-3), {"old": 1.0}, 1.3, RULE, machine
    )
    assert found == {}
