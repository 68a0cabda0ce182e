"""Quality against speed: axes, intervals, kinds of rows, labels that do not overlap."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from harness.contracts import Score
from reports.page import assemble, labels
from reports.page.tradeoff import HEIGHT, WIDTH, Axis, axis, steps, tradeoff
from tests.reports import markup, simulated

FPS = {"direction": "up", "unit": "frames/s", "needs_timing": True, "summary": "-"}
FPS |= {"metric": "fps", "reference": "-", "aggregation": "per sequence"}


def timed(folder, values, rows=simulated.ROWS):
    """A simulated run whose rows have speeds: value, or (value, low, high)."""
    results = simulated.write(folder, simulated.facts(2), rows=rows)
    made = []
    for row, value in zip(results.rows, values, strict=False):
        parts = value if isinstance(value, tuple) else (value,)
        score = Score("ok", *parts) if value else Score("unavailable")
        made.append(dataclasses.replace(row, scores={**row.scores, "fps/render": score}))
    return dataclasses.replace(
        results, rows=tuple(made), columns={**results.columns, "fps/render": FPS}
    )


def test_better_is_up_and_faster_is_right(tmp_path):
    results = timed(tmp_path, [None, (50.0, 45.0, 55.0), 100.0, 2000.0])
    found = tradeoff(results)
    assert found["kinds"] == ["competes", "baseline"]
    by_name = {one["name"].split()[0]: one for one in found["pictures"]}
    assert set(by_name) == {*simulated.COLUMNS, "e_fid/synthetic"}
    for name, one in by_name.items():
        ours, theirs, still = one["marks"]
        assert ours["x"] < theirs["x"] < still["x"]
        assert ours["y"] < still["y"], name  # SVG counts from the top
        assert ours["across"][0] < ours["x"] < ours["across"][1]
        assert theirs["across"] is None
        assert all(0 < mark["x"] < WIDTH and 0 < mark["y"] < HEIGHT for mark in one["marks"])


def test_nothing_is_shown_without_speeds(tmp_path):
    results = timed(tmp_path, [None] * 4)
    assert tradeoff(results) is None
    page = markup.parse(assemble.write(results, tmp_path).read_text("utf-8"))
    assert not page.all("figure", "tradeoff")


def test_the_speed_axis_is_logarithmic_beyond_a_decade(tmp_path):
    wide = tradeoff(timed(tmp_path / "a", [None, 10.0, 100.0, 1000.0]))["pictures"][0]["marks"]
    assert wide[1]["x"] - wide[0]["x"] == pytest.approx(wide[2]["x"] - wide[1]["x"], abs=0.2)
    near = tradeoff(timed(tmp_path / "b", [None, 10.0, 20.0, 30.0]))["pictures"][0]["marks"]
    assert near[1]["x"] - near[0]["x"] == pytest.approx(near[2]["x"] - near[1]["x"], abs=0.2)


def test_ticks_are_round_and_inside():
    assert steps(0.3, 9.8) == [2, 4, 6, 8]
    assert steps(-0.02, 0.021) == [-0.02, -0.01, 0.0, 0.01, 0.02]
    found = Axis(8.0, 3000.0, 0.0, 100.0, log=True).ticks()
    assert [text for _, text in found] == ["10", "20", "50", "100", "200", "500", "1000", "2000"][
        : len(found)
    ] or [text for _, text in found] == ["10", "100", "1000"]
    assert all(0 <= x <= 100 for x, _ in found)
    assert axis([3.0, 3.0], 0, 100).low < 3.0  # one value only


@pytest.mark.parametrize(("count", "numbered"), [(4, False), (22, True)])
def test_labels_overlap_neither_each_other_nor_marks(count, numbered):
    frame = (0.0, 0.0, 500.0, 300.0)
    marks = [
        {"x": 40.0 + 420 * i / count, "y": 150.0 - i, "across": None, "down": (90, 210 - i),
         "label": f"long name of row {i}"}
        for i in range(count)
    ]  # fmt: skip
    said = labels.place(marks, frame)
    boxes = [labels.point(one) for one in marks]
    for one in marks:
        left, base = one["at"]
        width = labels.CHARACTER * len(one["text"])
        boxes.append((left, base - 10, left + width, base))
        assert (left, left + width) == (max(left, 0), min(left + width, 500))
    for a, b in itertools.combinations(boxes, 2):
        assert not labels.overlap(a, b)
    assert [label for _, label in said] == [one["label"] for one in marks] * numbered
    assert all(one["text"] in (one["label"], str(i)) for i, one in enumerate(marks, 1))


def test_the_page_names_rows_and_escapes_them(tmp_path):
    rows = {"<b>": ("method", "audio", 1.0), "still": ("baseline", "audio", -2.0)}
    results = timed(tmp_path, [50.0, 2000.0], rows)
    html = assemble.write(results, tmp_path).read_text("utf-8")
    assert "<b>&lt;b&gt;" in html
    page = markup.parse(html)
    first, *rest = page.all("figure", "tradeoff")
    assert "hidden" not in first.attributes
    assert all("hidden" in one.attributes for one in rest)
    assert "<b> [audio]" in first.text
