"""Grids: what is shipped is right, and what is wrong is refused with the field's name."""

from __future__ import annotations

import pytest
import yaml

from harness.ablation.grid import Grid, find_grid, read_grid, shipped_grids
from harness.ablation.request import check_rows, request_of
from harness.contracts import BadInput, UnknownName
from harness.engine.planning import make_plan
from harness.engine.request import SplitData
from harness.engine.split_data import SplitSequences
from methods import catalog as methods
from tests import toy, toy_run

SPEC = methods.spec("ua3dtalk")

GOOD = {
    "id": "mine",
    "title": "Mine",
    "method": "ua3dtalk",
    "reference": "a",
    "rows": [{"name": "a"}, {"name": "b", "set": {"use_au": False}}],
}


SHIPPED = ("table2", "content", "fusion", "ensemble", "au", "audio", "rates")


def written(tmp_path, **changes):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}), "utf-8")
    return path


@pytest.mark.parametrize(
    "name", ["table2", "content", "fusion", "ensemble", "au", "audio", "rates"]
)
def test_shipped_grids_hold(name):
    assert name in shipped_grids(SPEC)
    grid = find_grid(SPEC, name)
    assert grid.id == name
    check_rows(grid, SPEC, {})
    settings = [(row.set, row.drive) for row in grid.rows]
    assert all(settings.count(one) == 1 for one in settings)


@pytest.mark.parametrize(
    "name", ["table2", "content", "fusion", "ensemble", "au", "audio", "rates"]
)
@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_the_method_takes_every_row(name, preset):
    from methods.ua3dtalk.config import Settings

    for row in find_grid(SPEC, name).rows:
        Settings.of({**SPEC.presets[preset], **row.set})


def test_table2_is_the_published_table():
    grid = find_grid(SPEC, "table2")
    printed = [p.values for p in SPEC.published if p.table == "Table 2"]
    assert [row.paper for row in grid.rows] == [dict(values) for values in printed]
    assert [row.name for row in grid.rows] == ["Baseline", "P", "E", "P+U", "P+E+U"]
    switches = {
        row.name: "".join(m for m, key in zip("PEU", KEYS, strict=True) if row.set[key])
        for row in grid.rows
    }
    assert switches == {"Baseline": "", "P": "P", "E": "E", "P+U": "PU", "P+E+U": "PEU"}


KEYS = ("use_prior", "use_emotion", "use_uncertainty")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reference": "c"}, "'c' is not one of a, b"),
        ({"rows": [{"name": "a"}, {"name": "a"}]}, "two rows are called a"),
        ({"rows": [{"name": "a"}, {"name": "p+u"}, {"name": "p-u"}]}, r"called p\+u, p-u"),
        ({"rows": [{"name": "a"}]}, "rows"),
        ({"rows": [{"name": "a", "paper": {"psnr": 1.0}}, {"name": "b"}]}, "which"),
        ({"rows": [{"name": "a", "paper": {"psnr": float("nan")}}, {"name": "b"}]}, "finite"),
        ({"seeds": []}, "seeds"),
        ({"seeds": [-1]}, "seeds"),
        ({"colour": "red"}, "colour"),
        ({"method": "still"}, "a grid of still, not of ua3dtalk"),
    ],
)
def test_a_wrong_grid_is_refused(tmp_path, changes, said):
    with pytest.raises(BadInput, match=said) as caught:
        find_grid(SPEC, str(written(tmp_path, **changes)))
    assert "mine.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "\x00"])
def test_what_is_no_grid_is_refused(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=r"x\.yaml"):
        read_grid(path)
    with pytest.raises(BadInput, match="no such file"):
        read_grid(tmp_path / "absent.yaml")


def test_an_unknown_grid_offers_the_nearest():
    with pytest.raises(UnknownName, match="table2"):
        find_grid(SPEC, "table3")


@pytest.mark.parametrize(
    ("row", "overrides", "error", "said"),
    [
        ({"set": {"use_aus": False}}, {}, UnknownName, "use_au"),
        ({"set": {"use_au": 1}}, {}, BadInput, "whole number"),
        ({"set": {"use_au": False}}, {"use_au": True}, BadInput, "--set use_au"),
        ({"drive": "video"}, {}, BadInput, "'video' is not one of"),
    ],
)
def test_a_row_that_would_fail_later_is_refused_now(row, overrides, error, said):
    grid = Grid.model_validate({**GOOD, "rows": [{"name": "a"}, {"name": "b", **row}]})
    with pytest.raises(error, match=said):
        check_rows(grid, SPEC, overrides)


def test_a_subset_of_tests_keeps_the_splits_order():
    entries = tuple(toy.SequenceEntry(name, "a") for name in ("x", "y", "z"))
    manifest = toy.manifest(sequences=entries)
    data = SplitSequences(manifest, ("z", "x"), toy_run.load)
    assert [one.id for one in data.tests] == ["x", "z"]
    assert [one.id for one in data.training("a")] == ["x", "y", "z"], "training sets stay whole"
    with pytest.raises(UnknownName, match="sequence of toy@1"):
        SplitSequences(manifest, ("w",), toy_run.load)


def test_names_are_checked_before_data_is_made():
    grid = Grid.model_validate(GOOD)
    with pytest.raises(UnknownName, match="preset"):
        make_plan(request_of(grid, SplitData("no-such-split"), {}, preset="fast"))
