"""The pattern of Table 2: it is found in the paper's own numbers, and missed where it is broken."""

from __future__ import annotations

import argparse

import pytest
import typer

from benchmarks.table2 import claims, overrides, run
from harness.ablation import table as ablation
from harness.ablation.grid import find_grid
from harness.cli import ablate as command
from harness.contracts import EMOTIONS, Results, Row, Score
from methods import catalog as methods
from splits import catalog as splits

COLUMNS = {"psnr": "up", "sync_c/synthetic": "up", "e_fid/synthetic": "down"}
GRID = find_grid(methods.spec("ua3dtalk"), "table2")


def found(tmp_path, **changed):
    rows = []
    for row in GRID.rows:
        values = {name: row.paper[name.split("/")[0]] for name in COLUMNS}
        values |= changed.get(row.name, {})
        scores = {
            name: Score("failed" if value is None else "ok", value, reason="no face")
            for name, value in values.items()
        }
        rows.append(
            Row(f"ua3dtalk: {row.name}", "", "method", "audio+au", "s@1", "quick", (0,), ("a",),
                {"fps": 25.0}, scores)
        )  # fmt: skip
    facts = {name: {"direction": d, "unit": "", "summary": ""} for name, d in COLUMNS.items()}
    said = {
        "schema_version": 1, "id": "table2", "title": "", "method": "ua3dtalk",
        "reference": GRID.reference, "columns": list(GRID.columns), "paper": None,
        "overrides": {},
        "rows": [
            {"name": r.name, "label": f"ua3dtalk: {r.name}", "drive": "audio+au", "set": r.set,
             "paper": r.paper, "note": ""}
            for r in GRID.rows
        ],
    }  # fmt: skip
    return ablation.assemble(said, Results(tuple(rows), facts, (), {}), tmp_path)


def test_the_papers_own_numbers_show_the_pattern(tmp_path):
    assert [claim.holds for claim in claims(found(tmp_path))] == [True] * 5
    margins = [claim.margin for claim in claims(found(tmp_path))]
    assert margins == pytest.approx([2.50, 0.153, 0.044, 0.142, 0.033])


@pytest.mark.parametrize(
    ("row", "changes", "which"),
    [
        ("P", {"psnr": 25.5}, 0),
        ("P", {"e_fid/synthetic": 0.36}, 1),
        ("E", {"e_fid/synthetic": 0.356}, 2),  # no change is no gain
        ("P+U", {"sync_c/synthetic": 5.2}, 3),
        ("P+U", {"e_fid/synthetic": 0.1}, 4),
    ],
)
def test_a_broken_pattern_fails_its_own_claim(tmp_path, row, changes, which):
    held = [claim.holds for claim in claims(found(tmp_path, **{row: changes}))]
    assert [index for index, ok in enumerate(held) if not ok] == [which]


def test_a_missing_score_stops_with_its_reason(tmp_path):
    with pytest.raises(SystemExit, match="no face"):
        claims(found(tmp_path, P={"psnr": None}))


def options(tmp_path, **changed):
    given = {"split": "synthetic-emotions@1", "seeds": "0", "subject": None, "steps": None}
    return argparse.Namespace(out=tmp_path, set=None, **given | changed)


def test_a_grid_with_failed_cells_ends_in_a_sentence(tmp_path, monkeypatch):
    def ablate(**_):
        raise typer.Exit(1)

    monkeypatch.setattr(command, "ablate", ablate)
    with pytest.raises(SystemExit, match="a cell failed"):
        run(options(tmp_path), "table2")


def test_a_part_of_the_subjects_with_shorter_fits(tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(command, "ablate", lambda **given: asked.update(given))
    folder = run(options(tmp_path, subject="1,3", steps="1500,1500,750"), "fusion")
    assert folder == tmp_path / "synthetic-emotions@1" / "ablations" / "fusion"
    sequences = asked["sequences"].split(",")
    assert len(sequences) == 32
    assert {name[:2] for name in sequences} == {"p1", "p3"}
    # The rule of `quick` holds for its shorter form: sqrt(50,000 / 1,500).
    assert "face_motion_rate=5.77" in asked["set_"]
    assert "face_iterations=1500" in asked["set_"]


@pytest.mark.parametrize("steps", ["1500", "1,2,x", "1500,1500,-1"])
def test_steps_that_are_no_three_numbers(steps):
    with pytest.raises(SystemExit, match="three whole numbers"):
        overrides(steps)


def test_every_subject_is_tested_on_whole_sequences_in_all_emotions():
    entries = splits.manifest("synthetic-emotions").sequences
    for subject in {entry.subject for entry in entries}:
        for role in ("train", "test"):
            shown = [e.emotion for e in entries if (e.subject, e.role) == (subject, role)]
            assert sorted(shown) == sorted(EMOTIONS)
    assert len({entry.options["seed"] for entry in entries}) == len(entries)
