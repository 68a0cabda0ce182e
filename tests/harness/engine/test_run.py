"""A whole run on a tiny recording: what is done, what is kept, and what a failure leaves."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from harness.contracts import BadInput, MethodSpec, RenderedFrame
from harness.engine.plan import Request
from harness.engine.planner import lay_out
from harness.engine.results import plan_key
from harness.engine.run import Runner
from methods import catalog as methods
from metrics import catalog as metrics
from tests import toy


def plan_of(names=("ground-truth", "still"), metric_ids=("psnr", "ssim"), **changes):
    request = Request(methods=tuple(names), split="toy", **changes)
    specs = [methods.spec(name) for name in names]
    chosen = [metrics.spec(name) for name in metric_ids]
    return lay_out(request, toy.manifest(), [toy.sequence()], specs, chosen, {})


class Broken:
    """A method whose render raises in the middle."""

    def fit(self, training, workdir, context):
        (workdir / "model").write_text("fitted")

    def load(self, workdir, device="cpu"):
        assert (workdir / "model").read_text() == "fitted"

    def render(self, request, clock=None):
        yield RenderedFrame(np.zeros((24, 24, 3), np.float32), np.zeros((24, 24), np.float32))
        raise RuntimeError("out of ideas")


class Counting(Broken):
    """A method that counts how often it was fitted, and renders grey heads."""

    fits = 0

    def fit(self, training, workdir, context):
        Counting.fits += 1
        super().fit(training, workdir, context)

    def render(self, request, clock=None):
        assert request.truth is None
        for _ in range(request.count):
            grey = np.full((request.height, request.width, 3), 0.5, np.float32)
            yield RenderedFrame(grey, np.ones(grey.shape[:2], np.float32))


@pytest.fixture
def register(monkeypatch):
    def add(name, cls, role="method"):
        spec = MethodSpec(
            id=name,
            title=name,
            paper="-",
            licence="-",
            entry=f"{__name__}:{cls.__name__}",
            role=role,
        )
        known = {**methods.specs(), name: spec}
        monkeypatch.setattr(methods, "specs", lambda: known)
        monkeypatch.setattr(
            methods,
            "build",
            lambda wanted, real=methods.build: cls() if wanted == name else real(wanted),
        )
        return spec

    return add


def test_ground_truth_is_the_upper_bound(tmp_path):
    results = Runner(tmp_path).run(plan_of())
    truth, still = results.rows
    assert truth.scores["psnr"].value == 100.0
    assert truth.scores["ssim/torchmetrics"].value == pytest.approx(1.0)
    assert still.scores["psnr"].value < 60
    assert not results.failures


def test_second_run_computes_nothing(tmp_path):
    plan = plan_of()
    first = Runner(tmp_path)
    first.run(plan)
    assert first.tally.computed > 0
    again = Runner(tmp_path)
    results = again.run(plan_of())
    assert again.tally.computed == 0
    assert again.tally.reused == first.tally.computed + first.tally.reused
    assert results.provenance["plan"] == plan_key(plan)


def test_one_fit_serves_all_drives(tmp_path, register):
    register("counting", Counting)
    Counting.fits = 0
    results = Runner(tmp_path).run(plan_of(("counting",)))
    assert Counting.fits == 1
    assert [row.drive for row in results.rows] == ["audio", "shuffled-audio"]


def test_failure_is_counted_and_shown_and_disturbs_nobody(tmp_path, register):
    register("broken", Broken)
    runner = Runner(tmp_path)
    results = runner.run(plan_of(("broken", "still")))
    assert {f.type for f in results.failures} == {"RuntimeError"}
    assert all(f.stage == "render" and "out of ideas" in f.traceback for f in results.failures)
    broken = next(row for row in results.rows if row.method == "broken")
    assert broken.scores["psnr"].status == "failed"
    assert broken.scores["psnr"].value is None
    still = next(row for row in results.rows if row.method == "still")
    assert still.scores["psnr"].status == "ok"
    assert not list(tmp_path.rglob("*.partial"))


def test_failed_cell_is_tried_again(tmp_path, register):
    register("broken", Broken)
    Runner(tmp_path).run(plan_of(("broken",)))
    again = Runner(tmp_path)
    again.run(plan_of(("broken",)))
    assert again.tally.failed
    assert again.tally.reused >= 2  # the truth and the fit were fine


def test_wrong_number_of_frames_is_a_failure(tmp_path, register):
    class Short(Counting):
        def render(self, request, clock=None):
            yield from list(super().render(request, clock))[:-1]

    register("short", Short)
    results = Runner(tmp_path).run(plan_of(("short",)))
    assert all("of 4 frames" in failure.message for failure in results.failures)


def test_nan_is_a_failure(tmp_path, register):
    class Nan(Counting):
        def render(self, request, clock=None):
            for frame in super().render(request, clock):
                frame.rgb[0, 0] = np.nan
                yield frame

    register("nan", Nan)
    results = Runner(tmp_path).run(plan_of(("nan",)))
    assert all("not finite" in failure.message for failure in results.failures)
    assert results.rows[0].scores["psnr"].value is None


def test_prediction_archive_is_lossless_and_names_its_truth(tmp_path):
    plan = plan_of(("ground-truth",))
    runner = Runner(tmp_path)
    runner.run(plan)
    work = plan.works[0]
    folder = runner.store.path(work.render)
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["frames_sha256"] == meta["truth"]["frames_sha256"]
    with zipfile.ZipFile(folder / "frames.zip") as archive:
        assert len(archive.namelist()) == len(work.sequence.test)


def test_items_lie_beside_the_results(tmp_path):
    results = Runner(tmp_path).run(plan_of())
    lines = [json.loads(x) for x in (tmp_path / results.rows[1].items[0]).read_text().splitlines()]
    assert [line["frame"] for line in lines] == list(range(len(lines)))
    mean = np.mean([line["psnr"] for line in lines])
    assert mean == pytest.approx(results.rows[1].scores["psnr"].value)


def test_key_follows_what_determines_the_outcome(tmp_path):
    base = plan_of(("still",)).works[0]
    other_seed = plan_of(("still",), seeds=(1,)).works[0]
    assert base.fit.key != other_seed.fit.key
    assert base.fit.key == plan_of(("still",)).works[0].fit.key
    assert base.render.key != base.fit.key


@pytest.mark.parametrize("name", ["cell.json", "items.npz"])
def test_a_damaged_score_cell_is_named(tmp_path, name):
    plan = plan_of(("still",))
    runner = Runner(tmp_path)
    runner.run(plan)
    spoilt = runner.store.path(plan.works[0].scores[0][1]) / name
    spoilt.write_text("{}")
    with pytest.raises(BadInput, match=name) as caught:
        Runner(tmp_path).run(plan)
    assert f"Delete {spoilt.parent}" in str(caught.value)


def test_a_missing_preview_is_named(tmp_path):
    plan = plan_of(("still",))
    runner = Runner(tmp_path)
    runner.run(plan)
    (runner.store.path(plan.works[0].render) / "preview.mp4").unlink()
    with pytest.raises(BadInput, match=r"preview\.mp4: no such file"):
        Runner(tmp_path).run(plan)


def test_a_file_where_the_run_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be made"):
        Runner(tmp_path / "file" / "toy@1").run(plan_of())


def test_a_failed_timing_leaves_no_speed_behind_and_is_tried_again(tmp_path, register, monkeypatch):
    from harness.engine import actions as stages

    register("counting", Counting)
    measure = stages.measure_speed

    def broken(*arguments):
        raise RuntimeError("the clock stopped")

    monkeypatch.setattr(stages, "measure_speed", broken)
    first = Runner(tmp_path).run(plan_of(("counting",), ("psnr", "fps")))
    assert [failure.stage for failure in first.failures] == ["time"]
    assert first.rows[0].scores["fps/render"].status == "failed"
    assert first.rows[0].scores["psnr"].status == "ok"

    monkeypatch.setattr(stages, "measure_speed", measure)
    again = Runner(tmp_path).run(plan_of(("counting",), ("psnr", "fps")))
    assert not again.failures
    assert again.rows[0].scores["fps/render"].value > 0


def test_only_one_process_times_at_once(tmp_path):
    import threading

    from harness.engine.run import alone

    order = []

    def second():
        with alone(tmp_path / "timing.lock"):
            order.append("second")

    with alone(tmp_path / "timing.lock"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]
