"""A whole ablation on a tiny recording: rows, shared stages, and the AU-zeroed drive."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from harness.ablation import table as ablation
from harness.ablation.grid import Grid
from harness.ablation.request import description_of, request_of
from harness.engine.execution import Engine
from harness.engine.planning import plan_on
from harness.engine.request import SplitData
from harness.engine.split_data import SplitSequences
from harness.engine.work.rendering import AU_ZEROED
from harness.storage import write_json
from methods import catalog as methods
from reports import items
from tests import staged, toy, toy_run
from tests.staged import GRID, Staged


@pytest.fixture(autouse=True)
def register(monkeypatch):
    staged.register(monkeypatch)


def plan_of(grid=GRID, seeds=None, metric_ids=("psnr", "ssim")):
    request = request_of(grid, SplitData("toy"), {}, seeds=seeds or (), metrics=metric_ids)
    data = SplitSequences(toy.manifest(), load=toy_run.load)
    return plan_on(data, request.rows, [methods.spec("staged")] * len(request.rows), request)


def run(home, share=True, **options):
    engine = Engine(home / "ablations" / "steps", cells=home, share_stages=share)
    return engine, engine.run(plan_of(**options)), None


def test_rows_have_names_of_their_own(tmp_path):
    _, results, _ = run(tmp_path)
    assert [row.method for row in results.rows] == [f"staged: {row.name}" for row in GRID.rows]
    assert results.rows[-1].drive == AU_ZEROED
    files = [name for row in results.rows for name in row.items]
    assert len(set(files)) == len(files) == 5
    for row in results.rows:
        assert items.read(tmp_path / "ablations" / "steps", row).column("psnr")


def test_a_common_stage_is_trained_once(tmp_path):
    runner, results, _ = run(tmp_path)
    # "same" and "zeroed" are the fit of "low"; "high" shares its ground, "other/base" nothing.
    assert [name for name, _ in Staged.trained] == ["ground", "lift", "lift", "ground", "lift"]
    assert (runner.tally.trained, runner.tally.shared) == (5, 1)
    fits = [json.loads(p.read_text()) for p in tmp_path.glob("cells/fit/*/cell.json")]
    assert sorted(fit["stages"]["reused"] for fit in fits) == [[], [], ["ground"]]
    assert not results.failures


def test_sharing_changes_no_number(tmp_path):
    _, shared, _ = run(tmp_path / "a")
    trained = len(Staged.trained)
    _, alone, _ = run(tmp_path / "b", share=False)
    assert len(Staged.trained) - trained == trained + 1
    assert [row.scores for row in shared.rows] == [row.scores for row in alone.rows]
    for one in (tmp_path / "a").glob("cells/fit/*/model"):
        other = tmp_path / "b" / one.relative_to(tmp_path / "a")
        assert one.read_bytes() == other.read_bytes()


def test_another_seed_shares_no_stage(tmp_path):
    run(tmp_path, seeds=(0, 1))
    assert [name for name, _ in Staged.trained].count("ground") == 4


def test_a_stage_that_raises_is_not_kept(tmp_path, monkeypatch):
    def fail(self, name, inputs, context, train):
        with context.stages.keep(name, inputs) as folder:
            (folder / "value").write_text("half")
            raise RuntimeError("cut off")

    monkeypatch.setattr(Staged, "_stage", fail)
    runner, results, _ = run(tmp_path)
    assert {failure.message for failure in results.failures} == {"cut off"}
    assert results.failures[0].method == "staged: low"
    assert runner.tally.trained == 0
    monkeypatch.undo()


def test_cells_of_an_ordinary_run_are_used(tmp_path):
    run(tmp_path)
    shutil.rmtree(tmp_path / "ablations")
    runner, _, _ = run(tmp_path)
    assert runner.tally.computed == 0


def test_the_zeroed_drive_is_another_render_of_the_same_fit():
    jobs = {job.entry.row.name: job for job in plan_of().jobs}
    low, zeroed = jobs["staged: low"], jobs["staged: zeroed"]
    assert zeroed.cell("fit").key == low.cell("fit").key
    assert zeroed.cell("render").key != low.cell("render").key
    assert "time" in low.entry.cells
    assert "time" not in zeroed.entry.cells


def test_seeds_of_the_row_the_grid_and_the_request():
    rows = [{"name": "a", "seeds": [3]}, {"name": "b", "set": {"lift": 1}}]
    grid = Grid.model_validate(
        {**GRID.model_dump(), "rows": rows, "reference": "a", "seeds": [1, 2], "paper": None}
    )
    assert [job.entry.seed for job in plan_of(grid).jobs] == [3, 1, 2]
    assert [job.entry.seed for job in plan_of(grid, seeds=(7,)).jobs] == [7, 7]


def test_the_report_reads_what_was_stored(tmp_path):
    run(tmp_path)
    folder = tmp_path / "ablations" / "steps"
    assert not ablation.is_ablation(folder)
    write_json(folder / ablation.FILE, description_of(GRID, {}))
    found = ablation.read(folder)
    assert [line.name for line in found.lines] == [row.name for row in GRID.rows]
    low, high, same, _, zeroed = (line.cells["psnr"] for line in found.lines)
    assert low.change is None
    assert high.change.delta == pytest.approx(high.score.value - low.score.value)
    assert high.paper_change == pytest.approx(3.5)
    assert same.change.delta == 0
    assert same.change.verdict == "equal"
    assert zeroed.score.value != low.score.value


def test_a_renamed_row_is_another_row_of_the_same_cells(tmp_path):
    rows = [dict(row) for row in staged.GRID_VALUES["rows"]]
    rows[1]["name"] = "higher"
    renamed = Grid.model_validate({**staged.GRID_VALUES, "rows": rows})
    run(tmp_path)
    engine, results, _ = run(tmp_path, grid=renamed)
    assert engine.tally.computed == 0
    assert {"staged: high", "staged: higher"} <= {row.method for row in results.rows}


def test_a_row_that_took_a_stage_is_not_called_cheap(tmp_path, monkeypatch):
    plain = Staged._stage

    def slow(self, name, inputs, context, train):
        def wait():
            time.sleep(0.2 if name == "ground" else 0.0)
            return train()

        return plain(self, name, inputs, context, wait)

    monkeypatch.setattr(Staged, "_stage", slow)
    _, results, _ = run(tmp_path)
    low, high = results.rows[:2]
    assert low.costs["fit_seconds"] >= 0.2
    assert high.costs["fit_seconds"] >= 0.2
    fits = [json.loads(p.read_text()) for p in tmp_path.glob("cells/fit/*/cell.json")]
    taken = next(fit for fit in fits if fit["stages"]["reused"])
    assert taken["seconds"] < 0.2 <= taken["seconds_alone"]
