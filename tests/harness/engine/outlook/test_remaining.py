"""Time left: a sum of what is known; nothing where a part of it is not."""

import pytest

from harness.engine.jobs import Effort
from harness.engine.outlook.costs import Costs
from harness.engine.outlook.remaining import Remaining

FIT, SCORE = Effort("fit", ("m",)), Effort("score", ("psnr",), 10)
WORK = {"fit": FIT, "one": SCORE, "two": SCORE}


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    return Clock()


def done(remaining, clock, lock, seconds, succeeded=True):
    remaining.begin(lock)
    clock.now += seconds
    remaining.end(lock, succeeded)


def test_it_is_known_once_all_kinds_have_run(clock):
    remaining = Remaining(Costs("cpu"), WORK, clock=clock)
    assert remaining.seconds() is None
    done(remaining, clock, "fit", 100)
    assert remaining.seconds() is None
    assert remaining.text() == ""
    done(remaining, clock, "one", 300)
    assert remaining.seconds() == pytest.approx(300)
    assert remaining.text() == "about 5 min left in all"
    done(remaining, clock, "two", 300)
    assert remaining.seconds() == 0
    again = Remaining(Costs("cpu"), WORK, clock=clock)
    assert again.seconds() == pytest.approx(700)


def test_it_counts_down_within_a_unit_and_gives_up_where_that_is_late(clock):
    costs = Costs("cpu")
    costs.note(FIT, 100)
    costs.note(SCORE, 20)
    remaining = Remaining(costs, WORK, clock=clock)
    remaining.begin("fit")
    clock.now += 60
    assert remaining.seconds() == pytest.approx(80)
    clock.now += 60  # late, within reason
    assert remaining.seconds() == pytest.approx(40)
    clock.now += 60
    assert remaining.seconds() is None
    remaining.end("fit", True)
    assert remaining.text() == "less than a minute left in all"


def test_what_failed_or_needs_no_work_teaches_nothing(clock):
    remaining = Remaining(Costs("cpu"), WORK, clock=clock)
    done(remaining, clock, "fit", 1, succeeded=False)
    remaining.drop("one")
    remaining.drop("one")
    remaining.end("never begun", True)
    assert Costs("cpu").seconds(FIT) is None
    assert remaining.seconds() is None


def test_nothing_is_said_while_others_take_a_part_or_what_follows_is_unknown(clock):
    costs = Costs("cpu")
    costs.note(FIT, 100)
    costs.note(SCORE, 20)
    assert Remaining(costs, WORK, more=60.0, clock=clock).seconds() == pytest.approx(200)
    assert Remaining(costs, WORK, more=None, clock=clock).seconds() is None
    remaining = Remaining(costs, WORK, clock=clock)
    remaining.shared = True
    assert remaining.seconds() is None
