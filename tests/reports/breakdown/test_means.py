"""Means by emotion, intensity and subject: the right sequences in every cell."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest

from harness.contracts import BadInput, Score, UnknownName
from reports import items
from reports.breakdown import means as breakdown
from reports.breakdown import tables as breakdown_tables
from reports.page import assemble as page
from tests.reports import simulated


@pytest.fixture
def run(tmp_path):
    fails = [("ua3dtalk", "m000/sad-1", frame) for frame in range(75)]
    return simulated.write(tmp_path, simulated.facts(2), fails=fails), tmp_path


def test_cells_are_means_of_their_sequences(run):
    results, folder = run
    (table,) = breakdown.tables(results, folder, ["emotion", "intensity"], ["psnr"])
    assert table.groups[0] == ("neutral", "1")
    assert table.groups[-1] == ("all",)
    series = items.read(folder, results.rows[1]).column("psnr")
    group = table.groups.index(("happy", "3"))
    row = table.rows.index("ua3dtalk [audio]")
    expected = np.mean([series[f"m{p:03}/happy-3"].mean() for p in range(2)])
    cell = table.cells[row][group]
    assert cell.value == pytest.approx(expected)
    assert (cell.n, cell.failed, cell.sequences) == (150, 0, 2)
    assert table.cells[row][-1].value == pytest.approx(results.rows[1].scores["psnr"].value)


def test_failed_sequences_are_counted_not_zero(run):
    results, folder = run
    (table,) = breakdown.tables(results, folder, ["subject", "emotion"], ["psnr"])
    cell = table.cells[table.rows.index("ua3dtalk [audio]")][table.groups.index(("M000", "sad"))]
    assert (cell.n, cell.failed, cell.sequences) == (75, 75, 1)


def test_frechet_distances_have_no_groups(run):
    results, folder = run
    columns = [table.column for table in breakdown.tables(results, folder, ["subject"])]
    assert columns == ["psnr", "lmd/synthetic", "sync_c/synthetic"] or set(columns) == set(
        simulated.COLUMNS
    )


def test_best_leaves_oracles_out(run):
    results, folder = run
    for column in ("psnr", "lmd/synthetic"):
        (table,) = breakdown.tables(results, folder, ["emotion"], [column])
        oracle = table.rows.index("ground-truth")
        tops = [table.best(group) for group in range(len(table.groups))]
        assert all(oracle not in top and top for top in tops)


def test_formats_show_groups_values_and_counts(run):
    results, folder = run
    found = breakdown.tables(results, folder, ["emotion"], ["psnr"])
    for format_ in ("table", "md"):
        text = breakdown_tables.render(found, format_)
        assert all(emotion in text for emotion in simulated.EMOTIONS)
        assert "300" in text
    lines = list(csv.DictReader(io.StringIO(breakdown_tables.render(found, "csv"))))
    assert len(lines) == 4 * 5
    assert {line["emotion"] for line in lines} == {*simulated.EMOTIONS, "all"}
    with pytest.raises(UnknownName):
        breakdown_tables.render(found, "tex")


def test_what_nobody_stated_is_refused(run):
    results, folder = run
    unknown = {name: {**facts, "emotion": None} for name, facts in results.sequences.items()}
    unlabelled = dataclasses.replace(results, sequences=unknown)
    with pytest.raises(BadInput, match=r"label for its emotion\. Use a split with such labels"):
        breakdown.tables(unlabelled, folder, ["emotion"])
    with pytest.raises(BadInput, match=r"label for its emotion\. Run with this version"):
        breakdown.tables(dataclasses.replace(results, sequences={}), folder, ["emotion"])
    with pytest.raises(UnknownName, match="emotion"):
        breakdown.tables(results, folder, ["emotions"])
    with pytest.raises(UnknownName):
        breakdown.tables(results, folder, ["emotion"], ["psn"])
    assert not breakdown.labelled(unlabelled, "emotion")
    assert breakdown.labelled(unlabelled, "intensity")


def test_a_row_that_failed_is_shown_without_values(run):
    """Left out, nobody would see that it failed."""
    results, folder = run
    row = results.rows[3]
    failed = Score("failed", reason="it broke")
    scores = {**row.scores, "psnr": failed, "sync_c/synthetic": Score("unavailable")}
    rows = (*results.rows[:3], dataclasses.replace(row, scores=scores))
    results = dataclasses.replace(results, rows=rows)
    found = breakdown.tables(results, folder, ["emotion"], ["psnr", "sync_c/synthetic"])
    psnr, sync = found
    assert psnr.rows[-1] == "still"
    assert {cell.value for cell in psnr.cells[-1]} == {None}
    assert "still" not in sync.rows
    last = breakdown_tables.render([psnr], "md").splitlines()[-1]
    assert last.endswith("| - |")
    page.write(results, folder)
