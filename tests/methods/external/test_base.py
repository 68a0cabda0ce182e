"""What every external method does: steps, resuming, limits, refusals, and errors of a checkout."""

import json
import os
import re
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest

from harness.contracts import BadInput, FitContext, FrameSource, Sequence, TrainingSet, Unavailable
from harness.engine.execution import Engine
from harness.engine.planning import make_plan
from harness.engine.request import Request, SplitData, rows_of
from methods import catalog
from methods.external.errors import BadOutput, NoOutput, WrongCount, WrongRate, WrongSize
from methods.external.run import process
from methods.external.run.checkout import version_of
from methods.external.run.process import CommandFailed, TimeLimit
from tests.methods.external.gaussian_methods import IDS, adapter, fitted, recording, render

CHECK_DISK = process.check_disk


def test_a_changed_checkout_is_another_cell(ready, tiny, monkeypatch, folders, tmp_path):
    root = ready("talkinggaussian")
    request = Request(rows_of(("talkinggaussian",), False), SplitData(str(tiny)), ("psnr",))
    first = make_plan(request).jobs[0].cell("fit").key
    scripts = adapter("talkinggaussian").scripts
    other = folders.checkout(tmp_path / "other", "gaussian.py", scripts)
    folders.point_to(monkeypatch, "talkinggaussian", other)
    assert make_plan(request).jobs[0].cell("fit").key == first, "where it lies decides nothing"
    changed = folders.checkout(tmp_path / "third", "gaussian.py", scripts)
    (changed / "train_face.py").write_text((root / "train_face.py").read_text() + "# changed\n")
    folders.point_to(monkeypatch, "talkinggaussian", changed)
    assert make_plan(request).jobs[0].cell("fit").key != first
    version = version_of(root)
    for name in ("train.sh", "configs/options.yaml"):
        version_of.cache_clear()
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("iterations: 7")
        assert version_of(root) != version, f"{name} holds options"
        (root / name).unlink()


def test_the_device_and_the_iterations_reach_the_checkout(ready, tiny, tmp_path):
    ready("talkinggaussian")
    fitted("talkinggaussian", recording(tiny), tmp_path / "w", iterations=20_000)
    calls = (tmp_path / "w" / "output" / "Tiny" / "calls").read_text()
    assert calls.splitlines() == ["mouth 20000 1", "face 20000 1", "fuse 50000 1"]
    with pytest.raises(BadInput, match="has no option iteration"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w2", iteration=7)


def test_a_fit_that_was_interrupted_goes_on_with_the_step(ready, tiny, tmp_path, monkeypatch):
    ready("talkinggaussian")
    monkeypatch.setenv("STANDIN_FAULT", "crash fuse")
    with pytest.raises(CommandFailed, match="illegal memory access"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    monkeypatch.delenv("STANDIN_FAULT")
    fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    calls = (tmp_path / "w" / "output" / "Tiny" / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["mouth", "face", "fuse", "fuse"]


def test_a_checkpoint_of_a_killed_step_is_not_taken_for_a_finished_one(ready, tiny, tmp_path,
                                                                       monkeypatch):  # fmt: skip
    """`chkpnt_face_latest.pth` is written along the way; DEGSTalk's own script would skip on it."""
    ready("degstalk")
    monkeypatch.setenv("STANDIN_FAULT", "crash face")
    with pytest.raises(CommandFailed):
        fitted("degstalk", recording(tiny), tmp_path / "w")
    model = tmp_path / "w" / "output" / "Tiny"
    (model / "chkpnt_face_latest.pth").write_text("half trained")
    monkeypatch.delenv("STANDIN_FAULT")
    fitted("degstalk", recording(tiny), tmp_path / "w")
    assert (model / "chkpnt_face_latest.pth").read_text() == "weights"


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        ("crash render", CommandFailed, r"(?s)exited with code 1.*CUDA out of memory"),
        ("partial", WrongCount, "1 frames, 2 were requested"),
        ("fps", WrongRate, "30 frames per second, 25 were requested"),
        ("size", WrongSize, "16x16, 32x32 was requested"),
        ("silent end", NoOutput, "did not write it"),
        ("cut", BadOutput, r"out\.mp4"),
    ],
)
def test_what_a_checkout_gets_wrong_is_said_with_numbers(
    fault, error, match, ready, tiny, tmp_path, monkeypatch
):
    ready("talkinggaussian")
    method = fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    render(method, recording(tiny))  # a good video lies there already, and must not be taken
    monkeypatch.setenv("STANDIN_FAULT", fault)
    with pytest.raises(error, match=match):
        render(method, recording(tiny))


def test_a_failing_checkout_is_a_failed_cell_and_not_the_end(ready, tiny, tmp_path, monkeypatch):
    ready("talkinggaussian")
    monkeypatch.setenv("STANDIN_FAULT", "partial")
    request = Request(rows_of(("talkinggaussian", "still"), False), SplitData(str(tiny)), ("psnr",))
    results = Engine(tmp_path / "runs").run(make_plan(request))
    (failure,) = results.failures
    assert (failure.kind, failure.type) == ("render", "WrongCount")
    assert "1 frames, 2 were requested" in failure.message
    assert any(row.method == "still" and row.scores["psnr"].value for row in results.rows)


def test_a_step_that_leaves_no_checkpoint(ready, tiny, tmp_path, monkeypatch):
    ready("talkinggaussian")
    monkeypatch.setenv("STANDIN_FAULT", "forget mouth")
    stale = tmp_path / "w" / "output" / "Tiny" / "chkpnt_mouth_latest.pth"
    stale.parent.mkdir(parents=True)
    stale.write_text("of a run that was stopped")
    with pytest.raises(NoOutput, match=r"chkpnt_mouth_latest\.pth"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")


def alive(pid):
    try:
        os.kill(pid, 0)
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("stage", ["train", "render"])
def test_a_hung_checkout_is_gone_within_five_seconds_of_its_limit(
    stage, ready, tiny, tmp_path, monkeypatch
):
    root = ready("talkinggaussian")
    path = tmp_path / "external.yaml"
    entry = {"root": str(root), "limits": {stage: 2.0}}
    path.write_text(json.dumps({"methods": {"talkinggaussian": entry}}))
    monkeypatch.setenv("HARNESS_EXTERNAL", str(path))
    name = "mouth" if stage == "train" else "render"
    if stage == "render":
        method = fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    monkeypatch.setenv("STANDIN_FAULT", f"hang {name}")
    with pytest.raises(TimeLimit, match="its time limit of 2 s"):
        if stage == "train":
            fitted("talkinggaussian", recording(tiny), tmp_path / "w")
        else:
            render(method, recording(tiny))
    lines = (tmp_path / "w" / "logs" / f"{name}.log").read_text().splitlines()
    pids = [int(pid) for line in lines if line.startswith("pids") for pid in line.split()[1:]]
    assert len(pids) == 2, "the stand-in was not hanging yet"
    while any(map(alive, pids)):
        time.sleep(0.05)
    (since,) = (float(line.split()[2]) for line in lines if line.startswith("hangs since"))
    assert time.monotonic() < since + 2.0 + 5.0


def test_a_disk_with_too_little_room_starts_nothing(ready, tiny, tmp_path, monkeypatch):
    ready("talkinggaussian")
    monkeypatch.setattr(process, "check_disk", CHECK_DISK)  # which stand-ins do without
    usage = shutil.disk_usage(tmp_path)._replace(free=9 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(BadInput, match=r"9\.0 GiB are free and 10\.0 GiB are needed"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    assert not (tmp_path / "w" / "output" / "Tiny" / "calls").exists()


def test_a_recording_without_a_folder_is_refused(ready):
    ready("talkinggaussian")
    frames = FrameSource.of(np.zeros((4, 32, 32, 3), np.uint8))
    bare = Sequence("bare", "x", 25.0, np.zeros(2560, np.float32), frames, range(3), range(3, 4))
    with pytest.raises(BadInput, match="bare: talkinggaussian reads a prepared folder"):
        catalog.build("talkinggaussian").fit(TrainingSet.of(bare), None, FitContext())


@pytest.mark.parametrize("name", IDS)
def test_a_rate_that_its_code_does_not_know_is_refused(name, ready, folders, tmp_path):
    """The video would say 25 whatever it holds, so nothing could be noticed afterwards."""
    ready(name)
    folder = folders.prepared_folder(tmp_path / "Fast", fps=30.0)
    with pytest.raises(BadInput, match=r"30 frames per second, and .* only supports 25.*--fps 25"):
        fitted(name, recording(folder), tmp_path / "w")


def test_what_a_folder_lacks_is_found_before_any_work(ready, tiny):
    """By the checks that the engine makes for every planned method, on whole sequences."""
    ready("degstalk")
    method, sequence = catalog.build("degstalk"), recording(tiny)
    method.check_available()
    method.check_sequences([sequence])
    for name, match in (("3dmm.pt", "SMIRK"), ("aud_ds.npy", "extract_ds"), ("au.csv", "OpenFace")):
        kept = (tiny / name).read_bytes()
        (tiny / name).unlink()
        with pytest.raises(BadInput, match=rf"(?s){name}.*{match}"):
            method.check_sequences([sequence])
        (tiny / name).write_bytes(kept)
    rows = (tiny / "au.csv").read_text().replace(", 2.20, ", ", 0.10, ")
    (tiny / "au.csv").write_text(re.sub(r", [\d.]+$", ", 0.1", rows, flags=re.MULTILINE))
    with pytest.raises(BadInput, match="no frame has AU45"):
        method.check_sequences([sequence])


def test_a_sequence_of_the_test_alone_is_refused(ready, tiny):
    ready("talkinggaussian")
    alone = replace(recording(tiny), train=range(0), test=range(22))
    with pytest.raises(BadInput, match="this one has no training part"):
        catalog.build("talkinggaussian").check_sequences([alone])


def test_nothing_runs_without_the_licence_or_the_scripts(ready, tiny, tmp_path, monkeypatch):
    root = ready("talkinggaussian")
    monkeypatch.setenv("HARNESS_TALKINGGAUSSIAN_LICENCE", "no")
    with pytest.raises(Unavailable, match=r"licence was not accepted \(none stated"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    with pytest.raises(Unavailable, match="licence was not accepted"):
        catalog.build("talkinggaussian").check_available()
    (root / "train_fuse.py").unlink()
    with pytest.raises(Unavailable, match=r"no train_fuse\.py.*git clone"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
