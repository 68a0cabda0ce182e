"""A whole run on a tiny sequence: what is done, what is kept, and what a failure leaves."""

from __future__ import annotations

import json
import threading
import zipfile

import numpy as np
import pytest

from harness.contracts import BadInput, SequenceEntry
from harness.engine.cells.locks import held
from harness.engine.execution import Engine
from harness.engine.tables.results import table_key
from harness.engine.work import timing
from reports import items
from tests import toy, toy_run
from tests.toy_run import Broken, Grey, plan_of, run


def register(monkeypatch, name, cls, **facts):
    toy_run.register(monkeypatch, name, cls, **facts)


def test_ground_truth_is_the_upper_bound(tmp_path):
    _, results = run(tmp_path)
    truth, still = results.rows
    assert truth.scores["psnr"].value == 100.0
    assert truth.scores["ssim/torchmetrics"].value == pytest.approx(1.0)
    assert still.scores["psnr"].value < 60
    assert not results.failures


def test_second_run_computes_nothing(tmp_path):
    first, results = run(tmp_path)
    assert first.tally.computed > 0
    again, same = run(tmp_path)
    assert again.tally.computed == 0
    assert again.tally.unchanged
    assert same == results
    assert results.provenance["plan"] == same.provenance["plan"]


@pytest.mark.parametrize("name", ["items", "videos"])
def test_what_was_deleted_beside_the_results_is_made_again(tmp_path, name):
    run(tmp_path)
    for path in (tmp_path / name).iterdir():
        path.unlink()
    again, _ = run(tmp_path)
    assert again.tally.computed == 0
    assert list((tmp_path / name).iterdir())


def test_one_fit_serves_all_drives(tmp_path, monkeypatch):
    register(monkeypatch, "grey", Grey)
    _, results = run(tmp_path, ("grey",))
    assert len(Grey.fits) == 1
    assert [row.drive for row in results.rows] == ["audio", "shuffled-audio"]


def test_failure_is_counted_and_shown_and_disturbs_nobody(tmp_path, monkeypatch):
    register(monkeypatch, "broken", Broken)
    engine, results = run(tmp_path, ("broken", "still"))
    assert {f.type for f in results.failures} == {"RuntimeError"}
    assert len(results.failures) == engine.tally.failed == 2
    for failure in results.failures:
        assert failure.kind == "render"
        assert "out of ideas" in failure.traceback
        assert "toy_run.py:" in failure.where
        assert (tmp_path / failure.log).read_text() == failure.traceback
    rows = {row.method: row for row in results.rows}
    assert rows["broken"].scores["psnr"].status == "failed"
    assert rows["broken"].scores["psnr"].value is None
    assert rows["still"].scores["psnr"].status == "ok"
    assert not list(tmp_path.rglob("*.partial"))


def test_a_failed_cell_is_tried_again_by_the_next_run_unless_it_is_kept(tmp_path, monkeypatch):
    register(monkeypatch, "broken", Broken)
    run(tmp_path, ("broken",))
    kept, results = run(tmp_path, ("broken",), engine=Engine(tmp_path, keep_failed=True))
    assert kept.tally.failed == 0
    assert len(results.failures) == 2
    again, _ = run(tmp_path, ("broken",))
    assert again.tally.failed == 2
    assert again.tally.reused == 2  # the ground truth and the fit were fine


def test_a_failing_fit_is_tried_once_a_run_and_not_once_a_drive(tmp_path, monkeypatch):
    class Unfit(Grey):
        def fit(self, training, workdir, context):
            super().fit(training, workdir, context)
            raise RuntimeError("it diverged")

    register(monkeypatch, "unfit", Unfit)
    engine, results = run(tmp_path, ("unfit",))
    assert len(Unfit.fits) == engine.tally.failed == 1
    assert [failure.kind for failure in results.failures] == ["fit"]
    assert [row.scores["psnr"].status for row in results.rows] == ["failed", "failed"]


def test_wrong_number_of_frames_is_a_failure(tmp_path, monkeypatch):
    class Short(Grey):
        def render(self, request, clock=None):
            yield from list(super().render(request, clock))[:-1]

    register(monkeypatch, "short", Short)
    _, results = run(tmp_path, ("short",))
    assert results.failures
    assert all("of 4 frames" in failure.message for failure in results.failures)


def test_nan_is_a_failure(tmp_path, monkeypatch):
    class Nan(Grey):
        def render(self, request, clock=None):
            for frame in super().render(request, clock):
                frame.rgb[0, 0] = np.nan
                yield frame

    register(monkeypatch, "nan", Nan)
    _, results = run(tmp_path, ("nan",))
    assert all("not finite" in failure.message for failure in results.failures)
    assert results.rows[0].scores["psnr"].value is None


def test_prediction_archive_is_lossless_and_names_its_truth(tmp_path):
    engine, _ = run(tmp_path, ("ground-truth",))
    job = plan_of(("ground-truth",)).jobs[0]
    folder = engine.store.path(job.cell("render"))
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["frames_sha256"] == meta["truth"]["frames_sha256"]
    with zipfile.ZipFile(folder / "frames.zip") as archive:
        assert len(archive.namelist()) == job.entry.sequence.frames


def test_items_lie_beside_the_results(tmp_path):
    _, results = run(tmp_path)
    row = results.rows[1]
    values = items.read(tmp_path, row).column("psnr")["toy/a"]
    assert len(values) == 4
    assert np.mean(values) == pytest.approx(row.scores["psnr"].value)


def test_versions_and_threads_are_those_of_the_cells(tmp_path):
    _, results = run(tmp_path)
    assert results.rows[0].made_with["threads"]
    record = next((tmp_path / "cells" / "render").glob("*/cell.json"))
    stored = json.loads(record.read_text())
    stored["made_with"]["torch"] = "1.0.0"
    record.write_text(json.dumps(stored))
    (tmp_path / "results.json").unlink()
    _, again = run(tmp_path)
    assert any(len(row.made_with["torch"]) == 2 for row in again.rows)


def test_key_follows_what_determines_the_outcome():
    one, two = (plan_of(("nearest-audio",)).jobs[0] for _ in range(2))
    assert one.cell("fit").key == two.cell("fit").key
    other = toy.manifest(sequences=(SequenceEntry("toy/a", "a", options={"seed": 1}),))
    assert (
        plan_of(("nearest-audio",), manifest=other).jobs[0].cell("fit").key != one.cell("fit").key
    )
    assert one.cell("render").key != one.cell("fit").key


@pytest.mark.parametrize("name", ["cell.json", "items.npz"])
def test_a_damaged_score_cell_is_named(tmp_path, name):
    engine, _ = run(tmp_path, ("still",))
    spoilt = engine.store.path(plan_of(("still",)).jobs[0].units[-1].cells[0]) / name
    spoilt.write_text("{}")
    (tmp_path / "results.json").unlink()
    with pytest.raises(BadInput, match=name) as caught:
        run(tmp_path, ("still",))
    assert f"Delete {spoilt.parent}" in str(caught.value)


def test_a_missing_preview_is_named(tmp_path):
    engine, _ = run(tmp_path, ("still",))
    (engine.store.path(plan_of(("still",)).jobs[0].cell("render")) / "preview.mp4").unlink()
    (tmp_path / "results.json").unlink()
    with pytest.raises(BadInput, match=r"preview\.mp4: no such file"):
        run(tmp_path, ("still",))


def test_a_file_where_the_run_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be created"):
        run(tmp_path / "file" / "toy@1")


def test_a_failed_timing_leaves_no_speed_behind_and_is_tried_again(tmp_path, monkeypatch):
    register(monkeypatch, "grey", Grey)
    measure = timing.measure_speed

    def broken(*arguments):
        raise RuntimeError("the clock stopped")

    monkeypatch.setattr(timing, "measure_speed", broken)
    _, first = run(tmp_path, ("grey",), ("psnr", "fps"))
    assert [failure.kind for failure in first.failures] == ["time"]
    assert first.rows[0].scores["fps/render"].status == "failed"
    assert first.rows[0].scores["psnr"].status == "ok"

    monkeypatch.setattr(timing, "measure_speed", measure)
    _, again = run(tmp_path, ("grey",), ("psnr", "fps"))
    assert not again.failures
    assert again.rows[0].scores["fps/render"].value > 0


def test_only_one_process_times_at_once(tmp_path):
    order = []

    def second():
        with held(tmp_path / "timing.lock", "a test"):
            order.append("second")

    with held(tmp_path / "timing.lock", "a test"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.3)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_a_narrower_command_adds_and_takes_nothing_away(tmp_path):
    _, wide = run(tmp_path, ("ground-truth", "still"), ("psnr", "ssim"))
    _, narrow = run(tmp_path, ("still",), ("psnr",))
    assert narrow.rows == wide.rows
    _, more = run(tmp_path, ("nearest-audio",), ("psnr",))
    assert [row.method for row in more.rows] == ["ground-truth", "nearest-audio", "still"]
    assert "ssim/torchmetrics" in more.rows[0].scores
    assert "ssim/torchmetrics" not in more.rows[1].scores
    _, fresh = run(tmp_path, ("still",), ("psnr",), fresh=True)
    assert [row.method for row in fresh.rows] == ["still"]
    assert list(fresh.rows[0].scores) == ["psnr", "psnr/pooled"]


def test_data_of_another_split_is_not_mixed_in(tmp_path):
    run(tmp_path, ("still",))
    with pytest.raises(BadInput, match="holds a table of toy@1, and this is other@1"):
        run(tmp_path, ("still",), manifest=toy.manifest(id="other"))


def test_a_table_lists_no_work_that_another_process_has_not_finished(tmp_path, monkeypatch):
    from harness.engine.tables.entries import EntryTable

    register(monkeypatch, "grey", Grey)
    plan = plan_of(("grey",))
    EntryTable(tmp_path).add(plan.table, [job.entry for job in plan.jobs])
    _, results = run(tmp_path, ("still",))
    assert [row.method for row in results.rows] == ["still"]
    assert table_key([]) != results.provenance["plan"]
