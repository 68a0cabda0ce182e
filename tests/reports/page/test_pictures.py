"""The small pictures: dots, whiskers and ranks where their numbers are."""

from __future__ import annotations

from dataclasses import replace

from reports.comparison.changes import Change
from reports.page import differences, pictures
from reports.statistics import estimate
from tests.reports import markup


def test_an_axis_holds_zero_and_all_values():
    axis = pictures.scale([2.0, None, 4.0])
    assert (axis.low, axis.high) == (0.0, 4.0)
    assert axis.x(0.0) == pictures.MARGIN
    assert axis.x(4.0) == pictures.WIDTH - pictures.MARGIN
    assert axis.x(2.0) == pictures.WIDTH / 2
    assert axis.x(99.0) == axis.x(4.0)
    assert pictures.scale([None, 0.0]) is None
    assert pictures.whisker(None, 1.0) == pictures.whisker(axis, None) == ""


def change(direction, value, low=None, high=None, p=None, column="psnr"):
    """A change whose verdict follows from its p-value."""
    one = estimate([], 5)
    facts = {"value": value, "low": low, "high": high, "p": p, "error": 1.0}
    return Change(column, direction, 30.0, 30.0 + value, type(one)(**{**vars(one), **facts}), p)


def test_a_column_where_less_is_better_is_turned_round():
    (down,) = differences.column([change("down", -1.0, -2.0, -0.5, 0.01, "lmd")], [-3.0])
    (up,) = differences.column([change("up", 1.0, 0.5, 2.0, 0.01, "lmd")], [3.0])
    dots = [markup.parse(cell["picture"]).all("circle")[0].attributes["cx"] for cell in (down, up)]
    assert dots[0] == dots[1]
    assert len(markup.parse(up["picture"]).all("path", "paper")) == 1
    assert (down["text"], down["interval"]) == ("−1.000", "−2.000 to −0.500")
    assert (up["mark"], up["kind"]) == ("▲", "better")


def test_an_interval_that_is_no_number_is_none():
    plain = Change("psnr", "up", 1.0, 1.5, None, reason="why")
    (cell,) = differences.column([plain])
    assert (cell["text"], cell["interval"], cell["kind"]) == ("+0.50", "", "untested")
    assert change("up", 0.5, float("nan"), float("nan")).interval is None
    assert differences.column([None])[0]["text"] == "-"


def test_all_cells_of_a_column_have_the_same_digits():
    first, second = differences.column(
        [change("up", 2e-5, 1e-5, 3e-5, 0.01), change("up", -0.3, -0.4, -0.2, 0.01)]
    )
    assert (first["text"], second["text"]) == ("+2.00e−05", "−3.00e−01")


def test_tally_counts_what_was_tested():
    found = [change("up", 1.0, 0.5, 1.5, 0.01)] * 2
    found += [replace(change("up", -1.0, -1.5, -0.5, 0.01), p=0.2)]
    unclear = change("up", 1.0, -1.0, 3.0, 0.5)
    untested = Change("c", "up", 1.0, 2.0)
    described = change("none", 1.0, 0.5, 1.5, 0.01)
    told = differences.tally([*found, unclear, untested, described, None])
    assert told["words"] == "2 better, 1 unclear, 1 maybe worse of 4"
    assert told["shares"] == [("better", 50.0), ("unclear", 25.0), ("maybe-worse", 25.0)]
    assert differences.tally([described])["words"] == "not tested"
    assert differences.tally([unclear, unclear])["words"] == "0 significant of 2"


def test_the_strip_of_ranks():
    rects = markup.parse(pictures.ranks((2, 1, 3), 4)).all("rect")
    step = pictures.STRIP / 4
    places = {r.attributes["class"]: float(r.attributes["x"]) / step for r in rects}
    assert places == {"all": 0, "may": 0, "is": 1}
    widths = {r.attributes["class"]: float(r.attributes["width"]) for r in rects}
    assert widths == {"all": 4 * step - 1, "may": 3 * step - 1, "is": step - 1}
