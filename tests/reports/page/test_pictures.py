"""The small pictures: dots, whiskers and ranks where their numbers are."""

from __future__ import annotations

from reports.page import differences, marks
from reports.page.differences import Difference
from tests.reports import markup


def test_an_axis_holds_zero_and_all_values():
    axis = marks.scale([2.0, None, 4.0])
    assert (axis.low, axis.high) == (0.0, 4.0)
    assert axis.x(0.0) == marks.MARGIN
    assert axis.x(4.0) == marks.WIDTH - marks.MARGIN
    assert axis.x(2.0) == marks.WIDTH / 2
    assert axis.x(99.0) == axis.x(4.0)
    assert marks.scale([None, 0.0]) is None
    assert marks.whisker(None, 1.0) == marks.whisker(axis, None) == ""


def test_a_column_where_less_is_better_is_turned_round():
    down = Difference("lmd", "down", -1.0, -2.0, -0.5, "better", paper=-3.0)
    up = Difference("psnr", "up", 1.0, 0.5, 2.0, "better", paper=3.0)
    assert differences.axis([down]) == differences.axis([up]) == marks.Scale(0.0, 3.0)
    cells = [differences.cell(one, marks.Scale(0.0, 3.0)) for one in (down, up)]
    dots = [markup.parse(cell["picture"]).all("circle")[0].attributes["cx"] for cell in cells]
    assert dots[0] == dots[1]
    assert cells[0]["text"] == "−1.000"
    assert cells[0]["interval"] == "−2.000 to −0.500"
    assert cells[1]["mark"] == "▲"


def test_an_interval_that_is_no_number_is_none():
    from reports.comparison.changes import Change
    from reports.statistics import estimate

    one = estimate([], 5)
    change = Change("psnr", "up", 1.0, 1.5, None, reason="why")
    assert differences.of_change("psnr", "up", change).value == 0.5
    broken = Change(
        "psnr",
        "up",
        1.0,
        1.5,
        type(one)(**{**vars(one), "value": 0.5, "low": float("nan"), "high": float("nan")}),
    )
    assert differences.of_change("psnr", "up", broken).low is None
    assert differences.of_change("psnr", "up", None).reason == "not scored"


def test_tally_counts_what_was_tested():
    verdicts = ["better", "better", "maybe worse", "unclear", "untested"]
    found = [Difference("c", "up", 1.0, verdict=verdict) for verdict in verdicts]
    told = differences.tally([*found, Difference("d", "none", 1.0, verdict="changed")])
    assert told["words"] == "2 better, 1 unclear, 1 maybe worse of 4"
    assert told["shares"] == [("better", 50.0), ("unclear", 25.0), ("maybe-worse", 25.0)]
    assert differences.tally([found[-1]])["words"] == "not tested"
    assert differences.tally([found[3], found[3]])["words"] == "nothing sure of 2"


def test_the_strip_of_ranks():
    rects = markup.parse(marks.ranks((2, 1, 3), 4)).all("rect")
    step = marks.STRIP / 4
    places = {r.attributes["class"]: float(r.attributes["x"]) / step for r in rects}
    assert places == {"all": 0, "may": 0, "is": 1}
    widths = {r.attributes["class"]: float(r.attributes["width"]) for r in rects}
    assert widths == {"all": 4 * step - 1, "may": 3 * step - 1, "is": step - 1}
