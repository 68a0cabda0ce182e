"""Loss curves: points where the losses are, text that is escaped."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from reports.page import assemble as page
from reports.page import curves
from tests.reports import markup, simulated


def points(text):
    return np.array([[float(v) for v in pair.split(",")] for pair in text.split()])


def test_a_panel_falls_with_its_losses():
    steps = np.arange(1000)
    found = curves.panel("face", (steps, 10.0 ** (-steps / 500)))
    raw = points(found["raw"])
    assert len(raw) == curves.POINTS
    assert (np.diff(raw[:, 0]) > 0).all()
    assert (np.diff(raw[:, 1]) > 0).all()  # down the page
    slopes = np.diff(raw[:, 1]) / np.diff(raw[:, 0])
    assert slopes.std() < 0.2 * slopes.mean()  # a straight line: the axis is logarithmic
    assert [text for _, text in found["ticks"]] == ["0.1", "1"]
    assert found["last"] == "999"


def test_losses_that_are_no_numbers_are_left_out():
    losses = np.array([1.0, np.nan, np.inf, 0.0, -1.0, 0.5])
    assert len(points(curves.panel("a", (np.arange(6), losses))["raw"])) == 2
    assert curves.panel("a", (np.arange(2), np.full(2, np.nan)))["raw"] == ""
    assert curves.panel("a", (np.arange(3), np.ones(3)))["raw"]


def test_many_fits_are_drawn_coarsely(tmp_path):
    count = curves.MANY + 1
    results = simulated.write(tmp_path, simulated.facts(2))
    lines = [json.dumps({"stage": "face", "step": i, "loss": 1 / (i + 1)}) for i in range(500)]
    names = list(results.sequences)[:count]
    for index in range(count):
        (tmp_path / f"{index}.jsonl").write_text("\n".join(lines))
    for kept, points_ in ((count, curves.COARSE), (count - 1, curves.POINTS)):
        media = {name: {"losses": f"{i}.jsonl"} for i, name in enumerate(names[:kept])}
        row = dataclasses.replace(results.rows[1], media=media)
        found = curves.loss_curves(dataclasses.replace(results, rows=(row,)), tmp_path)
        assert len(found) == kept
        assert {len(points(fit["panels"][0]["mean"])) for fit in found} == {points_}
        assert all(bool(fit["panels"][0]["raw"]) == (kept < count) for fit in found)


def test_ticks_lie_inside():
    for low, high in ((0.01, 0.5), (3.1, 3.2), (1e-5, 1e3), (1.0, 1.1)):
        found = curves.ticks(low, high)
        assert found
        assert len(found) < 12
        assert all(low <= value <= high for value in found)


def test_the_page_shows_a_picture_a_stage(tmp_path):
    results = simulated.write(tmp_path, simulated.facts(1))
    lines = [
        {"stage": s, "step": i, "loss": 1 / (i + 1)} for s in ("face", "<b>") for i in range(9)
    ]
    (tmp_path / "losses.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    media = {"m000/sad-1": {"losses": "losses.jsonl"}}
    row = dataclasses.replace(results.rows[1], media=media)
    changed = dataclasses.replace(results, rows=(row,))
    found = markup.parse(page.write(changed, tmp_path).read_text("utf-8"))
    (curve,) = found.all("div", "curve")
    assert [svg.all("text")[0].text for svg in curve.all("svg")] == ["face", "<b>"]
    assert len(curve.all("polyline", "mean")) == 2
    assert "ua3dtalk on m000/sad-1" in found.text
