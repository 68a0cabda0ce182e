"""Stand-in checkouts from end to end: train, render, collect, score; and how they fail."""

import json
import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from harness.contracts import BadInput, FitContext, FrameSource, Sequence, TrainingSet, Unavailable
from harness.engine.plan import Request
from harness.engine.planner import make_plan
from harness.engine.run import Runner
from harness.testing import check_spec_reads_without_torch, request_of
from methods import catalog
from methods.external.run import process
from methods.external.run.checkout import version_of
from methods.external.errors import BadOutput, NoOutput, WrongCount, WrongRate, WrongSize
from methods.external.run.process import CommandFailed, TimeLimit
from splits.er_nerf import load, manifest_of

IDS = ("talkinggaussian", "degstalk", "ua3dtalk-official")
SETTINGS = {
    "talkinggaussian": {"spaces": True},
    "degstalk": {"spaces": False, "extra": ["3dmm.pt", "bg"], "mux": True},
    "ua3dtalk-official": {"spaces": True, "priors": True},
}


CHECK_DISK = process.check_disk


def adapter(name):
    return type(catalog.build(name)).adapter


@pytest.fixture
def ready(monkeypatch, tmp_path, tiny, folders):
    """Everything that a method needs, there; returns its checkout."""

    def make(name, **settings):
        root = tmp_path / "checkouts" / name
        given = {**SETTINGS[name], **settings}
        folders.checkout(root, "gaussian.py", adapter(name).scripts, **given)
        folders.point_to(monkeypatch, name, root)
        if name == "degstalk":
            (tiny / "3dmm.pt").write_bytes(b"parameters")
            (tiny / "bg").mkdir()
            (tiny / "bg" / "0.png").write_bytes(b"hair")
        if name == "ua3dtalk-official":
            save_priors(tiny, folders)
        return root

    return make


def save_priors(folder, folders):
    for file, width in (("{}_auds_exp", 64), ("{}_audiostyle", 64), ("mser_emotion_{}", 128)):
        for part, count in (("train", folders.TRAIN), ("val", folders.COUNT - folders.TRAIN)):
            torch.save(torch.full((count, width), 0.5), folder / f"{file.format(part)}.pth")


def recording(folder):
    manifest = manifest_of(folder)
    return load(manifest, manifest.sequences[0])


def fitted(name, sequence, workdir, **config):
    spec = catalog.spec(name)
    method = catalog.build(name)
    context = FitContext({**spec.presets["paper"], **config}, device="cuda:1")
    method.fit(TrainingSet.of(sequence), workdir, context)
    return reopened(name, workdir)


def reopened(name, workdir):
    method = catalog.build(name)
    method.load(workdir)
    return method


def render(method, sequence, **changes):
    request = replace(request_of(sequence, type(method).adapter.spec), **changes)
    return [np.rint(frame.rgb * 255) for frame in method.render(request)]


@pytest.mark.parametrize("name", IDS)
def test_specs_read_without_torch(name):
    check_spec_reads_without_torch(catalog.spec(name).entry.partition(":")[0])


@pytest.mark.parametrize("name", IDS)
def test_train_render_collect_score(name, ready, tiny, folders, tmp_path):
    """Through the machine, as a user runs it; the stand-in renders its last training frame."""
    root = ready(name)
    data, code = folders.snapshot(tiny), folders.snapshot(root)
    request = Request((name,), str(tiny), metrics=("psnr",), baselines=False)
    results = Runner(tmp_path / "runs").run(make_plan(request))
    assert results.failures == ()
    (row,) = results.rows
    assert (row.method, row.drive, row.preset) == (name, "audio+au", "paper")
    assert row.scores["psnr"].n == 2
    assert row.scores["psnr"].value > 25
    timed = (tmp_path / "runs" / "cells" / "time").exists()
    assert not timed, "the speed of decoding a video is no speed of a method"
    assert folders.snapshot(tiny) == data, "something was written into the user's data"
    assert folders.snapshot(root) == code, "something was written into the checkout"


@pytest.mark.parametrize("name", IDS)
def test_no_test_frame_reaches_a_checkout(name, ready, tiny, folders, tmp_path):
    """They load the frames of the test part with its list; what they load is a training frame."""
    ready(name)
    (tiny / "Tiny.mp4").write_bytes(b"the whole recording")
    method = fitted(name, recording(tiny), tmp_path / "w")
    render(method, recording(tiny))
    data = tmp_path / "w" / "data" / "Tiny"
    assert not (data / "Tiny.mp4").exists()
    for place in ("gt_imgs", "ori_imgs"):
        for index in range(folders.COUNT):
            with Image.open(data / place / f"{index}.jpg") as picture:
                seen = np.asarray(picture)
            assert seen.shape == (32, 32, 3)
            shown = (seen[..., 0].mean() - 40) / 8
            assert shown == pytest.approx(index if index < folders.TRAIN else 0, abs=0.3), place


@pytest.mark.parametrize("given", [", ", ","])
@pytest.mark.parametrize("name", IDS)
def test_either_table_of_openface_is_read(name, given, ready, tiny, tmp_path):
    """DEGSTalk looks up `AU45_r` and the others ` AU45_r`, whichever OpenFace wrote."""
    ready(name)
    table = (tiny / "au.csv").read_text().replace(", ", given)
    (tiny / "au.csv").write_text(table)
    method = fitted(name, recording(tiny), tmp_path / "w")
    assert len(render(method, recording(tiny))) == 2
    assert (tiny / "au.csv").read_text() == table


@pytest.mark.parametrize("name", ["3dmm.pt", "bg"])
def test_degstalks_parameters_and_backgrounds_are_asked_for(name, ready, tiny, tmp_path):
    ready("degstalk")
    (tiny / name).rename(tmp_path / "away")
    with pytest.raises(BadInput, match=f"it lacks {name}.*SMIRK"):
        fitted("degstalk", recording(tiny), tmp_path / "w")
    assert not (tmp_path / "w" / "output" / "Tiny" / "calls").exists()


def test_a_changed_checkout_is_another_cell(ready, tiny, monkeypatch, folders, tmp_path):
    root = ready("talkinggaussian")
    request = Request(("talkinggaussian",), str(tiny), metrics=("psnr",), baselines=False)
    first = make_plan(request).works[0].fit.key
    other = folders.checkout(tmp_path / "other", "gaussian.py", adapter("talkinggaussian").scripts)
    folders.point_to(monkeypatch, "talkinggaussian", other)
    assert make_plan(request).works[0].fit.key == first, "where it lies decides nothing"
    changed = folders.checkout(tmp_path / "third", "gaussian.py", adapter("degstalk").scripts)
    (changed / "train_face.py").write_text((root / "train_face.py").read_text() + "# changed\n")
    folders.point_to(monkeypatch, "talkinggaussian", changed)
    assert make_plan(request).works[0].fit.key != first
    version = version_of(root)
    for name in ("train.sh", "configs/options.yaml"):
        version_of.cache_clear()
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("iterations: 7")
        assert version_of(root) != version, f"{name} holds options"
        (root / name).unlink()


@pytest.mark.parametrize("name", IDS)
def test_the_published_commands(name, ready, tiny, tmp_path):
    """The steps of `scripts/train_xx.sh`, in its order and with its options."""
    root = ready(name)
    job = catalog.build(name)._job(
        tmp_path, {"sequence": "T", "folder": str(tiny), "seed": 0, "config": {"iterations": 0}},
        catalog.build(name).environment(), "cpu",
    )  # fmt: skip
    steps = catalog.build(name).train(job)
    hair = "_w_hair" if name == "degstalk" else ""
    data, model = str(tmp_path / "data" / "T"), str(tmp_path / "output" / "T")
    assert [step.arguments for step in steps] == [
        ("train_mouth.py", "-s", data, "-m", model),
        (f"train_face{hair}.py", "-s", data, "-m", model, "--init_num", "2000",
         "--densify_grad_threshold", "0.0005"),
        (f"train_fuse{hair}.py", "-s", data, "-m", model, "--opacity_lr", "0.001"),
    ]  # fmt: skip
    assert job.root == root


def test_the_device_and_the_iterations_reach_the_checkout(ready, tiny, tmp_path):
    ready("talkinggaussian")
    fitted("talkinggaussian", recording(tiny), tmp_path / "w", iterations=20_000)
    calls = (tmp_path / "w" / "output" / "Tiny" / "calls").read_text()
    assert calls.splitlines() == ["mouth 20000 1", "face 20000 1", "fuse 50000 1"]
    with pytest.raises(BadInput, match="has no option iteration"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w2", iteration=7)


def test_the_silent_video_is_collected_whatever_is_muxed(ready, tiny, tmp_path):
    """DEGSTalk muxes with a path made from the model's; its other video is black here."""
    ready("degstalk")
    workdir = tmp_path / "output" / "here"  # the replacement hits this folder as well
    method = fitted("degstalk", recording(tiny), workdir)
    frames = render(method, recording(tiny))
    assert len(frames) == 2
    assert frames[0].mean() > 50
    assert (workdir / "output" / "Tiny" / "test/ours_None/renders/out_with_audio.mp4").is_file()


def test_the_sound_that_is_muxed_is_there(ready, tiny, tmp_path):
    ready("degstalk")
    method = fitted("degstalk", recording(tiny), tmp_path / "w")
    render(method, recording(tiny))
    mux = [s for s in (tmp_path / "w/logs/render.log").read_text().splitlines() if s[:4] == "mux "]
    assert mux == [f"mux {tmp_path / 'w/data/Tiny/aud_novel.wav'} True"]


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
        ("crash render", CommandFailed, r"(?s)ended with code 1.*CUDA out of memory"),
        ("partial", WrongCount, "1 frames, 2 were asked for"),
        ("fps", WrongRate, "30 frames per second, 25 were asked for"),
        ("size", WrongSize, "16x16, 32x32 was asked for"),
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
    request = Request(("talkinggaussian", "still"), str(tiny), metrics=("psnr",), baselines=False)
    results = Runner(tmp_path / "runs").run(make_plan(request))
    (failure,) = results.failures
    assert (failure.stage, failure.type) == ("render", "WrongCount")
    assert "1 frames, 2 were asked for" in failure.message
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
    with pytest.raises(TimeLimit, match="its limit of 2 s"):
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
    with pytest.raises(BadInput, match=r"30 frames per second, and .* knows only 25.*--fps 25"):
        fitted(name, recording(folder), tmp_path / "w")


@pytest.mark.parametrize(
    ("column", "values", "match"),
    [
        ("AU45", lambda t: 0.6, r"AU45 in 0\.6\d\.\.1\.5\d.*its largest is 0\.60"),
        ("AU45", lambda t: 2.0 * (t % 2), r"no frame has AU45 in 0\.\d+"),
        ("AU25", lambda t: 3.0 if t > 19 else 0.5, r"AU25 0\.50, and frames of .* are searched"),
    ],
)
def test_a_search_that_never_ends_is_found_before(column, values, match, ready, tiny, tmp_path,
                                                  folders):  # fmt: skip
    ready("talkinggaussian")
    lines = (tiny / "au.csv").read_text().splitlines()
    place = 2 + folders.UNITS.index(column)
    rows = [line.split(", ") for line in lines[1:]]
    for t, row in enumerate(rows):
        row[place] = str(values(t))
    (tiny / "au.csv").write_text("\n".join([lines[0], *map(", ".join, rows)]) + "\n")
    with pytest.raises(BadInput, match=match):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    assert not (tmp_path / "w" / "output" / "Tiny" / "calls").exists()


@pytest.mark.parametrize("count", [200, 10_000, 14_000])
def test_a_training_too_short_for_its_schedule_is_refused(count, ready, tiny, tmp_path):
    ready("talkinggaussian")
    with pytest.raises(BadInput, match=f"with {count} steps .* Use 14001 or more"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w", iterations=count)


def test_lips_and_mouths_that_are_never_found(ready, tiny, tmp_path):
    ready("talkinggaussian")
    for t in range(22):  # lips closed, and once wide open: nothing lies between
        path = tiny / "ori_imgs" / f"{t}.lms"
        points = np.loadtxt(path)
        points[60:68, 1] = 14 + np.arange(8) * (7 if t == 3 else 0) / 7
        np.savetxt(path, points, "%f")
    with pytest.raises(BadInput, match="no frame has lips"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    for t in range(22):
        (tiny / "parsing" / f"{t}.png").write_bytes((tiny / "bc.jpg").read_bytes())
    with pytest.raises(BadInput, match="20 pixels of the inside of the mouth"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")


def test_teeth_masks_and_features_are_asked_for(ready, tiny, tmp_path):
    ready("talkinggaussian")
    (tiny / "aud_ds.npy").unlink()
    with pytest.raises(BadInput, match=r"lacks aud_ds\.npy.*extract_ds_features"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")


class Trap:
    def __reduce__(self):
        return (print, ("must never run",))


def test_official_features_are_rewritten_as_plain_tensors(ready, tiny, tmp_path, capsys):
    ready("ua3dtalk-official")
    fitted("ua3dtalk-official", recording(tiny), tmp_path / "w")
    staged = tmp_path / "w" / "data" / "Tiny"
    emotion = torch.load(staged / "mser_emotion_val.pth", weights_only=True)
    assert emotion[0].shape == (1, 128), "the checkout asserts this shape"
    assert (emotion == 0.5).all()
    assert not (staged / "mser_emotion_val.pth").is_symlink()
    torch.save(Trap(), tiny / "mser_emotion_val.pth")
    with pytest.raises(BadInput, match="not a plain tensor file"):
        fitted("ua3dtalk-official", recording(tiny), tmp_path / "w2")
    (tiny / "val_auds_exp.pth").unlink()
    with pytest.raises(BadInput, match=r"lacks val_auds_exp\.pth"):
        fitted("ua3dtalk-official", recording(tiny), tmp_path / "w3")
    assert "must never run" not in capsys.readouterr().out


def test_nothing_runs_without_the_licence_or_the_scripts(ready, tiny, tmp_path, monkeypatch):
    root = ready("talkinggaussian")
    monkeypatch.setenv("HARNESS_TALKINGGAUSSIAN_LICENCE", "no")
    with pytest.raises(Unavailable, match=r"licence was not accepted \(none stated"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
    (root / "train_fuse.py").unlink()
    with pytest.raises(Unavailable, match=r"no train_fuse\.py.*git clone"):
        fitted("talkinggaussian", recording(tiny), tmp_path / "w")
