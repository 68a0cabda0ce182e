"""`score` from files to table: what is accepted, what is recorded, what it costs."""

import json

import numpy as np
import pytest
from PIL import Image
from recordings import folder, pictures, tone, video

from harness.contracts import Results
from harness.engine.alignment.opened import open_sequence
from reports import items


def results_of(tmp_path):
    return Results.from_json(json.loads((tmp_path / "out" / "results.json").read_text("utf-8")))


def test_rows_values_items_page_and_record(call, tmp_path):
    truth = pictures(8)
    worse = np.clip(truth.astype(int) + 10, 0, 255).astype(np.uint8)
    for name in ("one", "two"):
        for side, frames in (("t", truth), ("ours", worse), ("same", truth)):
            (tmp_path / side).mkdir(exist_ok=True)
            video(tmp_path / side / f"{name}.mkv", frames, audio=tone(0.32))
    arguments = ["--pred", tmp_path / "ours", "--pred", f"copy={tmp_path / 'same'}"]
    arguments += ["--truth", tmp_path / "t", "--metrics", "psnr", "--drive", "audio"]
    code, out, err = call(*arguments, "--with-truth")
    assert code == 0, err
    assert "ours" in out
    assert "[audio]" in out
    results = results_of(tmp_path)
    rows = {row.method: row for row in results.rows}
    assert list(rows) == ["ours", "copy", "ground-truth"]
    assert rows["ours"].sequences == ("one", "two")
    error = np.square(worse.astype(float) - truth).mean((1, 2, 3))
    expected = (10 * np.log10(255**2 / error)).mean()
    assert rows["ours"].scores["psnr"].value == pytest.approx(expected, abs=1e-9)
    assert rows["ours"].scores["psnr"].n == 16
    assert rows["copy"].scores["psnr"].value == 100
    assert rows["ground-truth"].role == "oracle"
    values = items.read(tmp_path / "out", rows["ours"]).column("psnr")
    assert {name: len(series) for name, series in values.items()} == {"one": 8, "two": 8}
    record = results.provenance["score"]["ours/one"]
    assert record["prediction"]["decode"].startswith("ffv1 bgr0 (rgb) to rgb24 by PyAV")
    assert len(record["prediction"]["sha256"]) == 64
    assert record["sound"] == "prediction"
    assert (tmp_path / "out" / "index.html").is_file()
    code, out, err = call(*arguments, "--with-truth")
    assert code == 0
    assert "Nothing to do" in err
    code, out, err = call(*arguments)
    assert "Nothing to do" in err, "the row of the ground truth stays in the table"
    assert "ground-truth" in [row.method for row in results_of(tmp_path).rows]


def test_pooled_columns_are_scored_without_each_recording_or_person(call, tmp_path):
    rng = np.random.default_rng(0)
    lines, errors = ["name,subject,emotion,intensity"], []
    for index in range(5):
        truth = pictures(6, seed=index)
        noise = rng.integers(-2 * index - 3, 2 * index + 4, truth.shape)
        ours = np.clip(truth.astype(int) + noise, 0, 255).astype(np.uint8)
        errors.append(np.square(ours.astype(float) - truth).mean())
        for side, frames in (("t", truth), ("ours", ours)):
            (tmp_path / side).mkdir(exist_ok=True)
            video(tmp_path / side / f"r{index}.mkv", frames)
        lines.append(f"r{index},P{index % 4},,")
    arguments = ["--pred", tmp_path / "ours", "--truth", tmp_path / "t", "--metrics", "psnr"]
    code, _, err = call(*arguments)
    assert code == 0, err
    score = results_of(tmp_path).rows[0].scores["psnr/pooled"]
    rest = {f"r{i}": 10 * np.log10(255**2 / np.mean(np.delete(errors, i))) for i in range(5)}
    assert score.without == pytest.approx(rest)
    assert score.level == "left-out sequences"
    assert score.low < score.value < score.high
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    code, _, err = call(*arguments, "--labels", tmp_path / "labels.csv")
    assert code == 0, err
    row = results_of(tmp_path).rows[0]
    assert set(row.scores["psnr/pooled"].without) == {"P0", "P1", "P2", "P3"}
    assert row.scores["psnr/pooled"].without["P0"] == pytest.approx(
        10 * np.log10(255**2 / np.mean(errors[1:4]))
    )


def test_pictures_archive_and_video_of_the_same_frames_score_alike(call, tmp_path):
    from harness.engine.cells.archive import write_audio, write_frames
    from harness.storage import write_json

    frames = pictures(8, 31, 41)  # odd sizes are no trouble where no codec halves them
    folder(tmp_path / "p" / "pictures", frames)
    archive = tmp_path / "p" / "archive"
    archive.mkdir()
    write_frames(archive / "frames.zip", frames)
    write_audio(archive / "audio.wav", tone(0.32))
    write_json(archive / "meta.json", {"fps": 25.0, "domain": "photo"})
    video(tmp_path / "p" / "video.mkv", frames)
    code, _, err = call(
        *("--pred", tmp_path / "p", "--truth", tmp_path / "p", "--fps", 25, "--metrics", "psnr")
    )
    assert code == 0, err
    (row,) = results_of(tmp_path).rows
    assert row.sequences == ("archive", "pictures", "video")
    assert row.scores["psnr"].value == 100
    found = [open_sequence(n, tmp_path / "p" / n, 25) for n in ("pictures", "archive")]
    for opened in found:
        np.testing.assert_array_equal(np.stack(list(opened.frames())), frames)


def test_declared_remedies_are_applied_and_recorded(call, tmp_path):
    truth = pictures(10)
    video(tmp_path / "t.mkv", truth, audio=tone(0.4))
    twice = np.repeat(truth, 2, 0)
    video(tmp_path / "p.mkv", np.concatenate([twice, twice[-1:]]), fps=50, audio=tone(0.5))
    flags = ("--resample-fps", 25, "--trim", "--metrics", "psnr")
    code, _, err = call("--pred", tmp_path / "p.mkv", "--truth", tmp_path / "t.mkv", *flags)
    assert code == 0, err
    results = results_of(tmp_path)
    assert results.rows[0].scores["psnr"].value == 100
    record = results.provenance["score"]["p/t"]
    assert record["resample_fps"] == {"prediction": [50.0, 25.0]}
    assert record["trim"]["seconds"] == [0.5, 0.4, 0.4]


def test_resize_is_pillows_antialiased_bicubic(call, tmp_path):

    big = pictures(4, 64, 80)
    small = [np.asarray(Image.fromarray(f).resize((40, 32), Image.BICUBIC)) for f in big]
    video(tmp_path / "t.mkv", np.stack(small))
    video(tmp_path / "p.mkv", big)
    code, _, err = call(
        *("--pred", tmp_path / "p.mkv", "--truth", tmp_path / "t.mkv", "--resize"),
        *("--metrics", "psnr"),
    )
    assert code == 0, err
    assert results_of(tmp_path).rows[0].scores["psnr"].value == 100


def test_prediction_without_sound_is_judged_with_the_truths_and_says_so(call, tmp_path):
    video(tmp_path / "t.mkv", audio=tone(0.32))
    video(tmp_path / "p.mkv")
    call("--pred", tmp_path / "p.mkv", "--truth", tmp_path / "t.mkv", "--metrics", "psnr")
    assert results_of(tmp_path).provenance["score"]["p/t"]["sound"] == "truth"


def test_metrics_that_cannot_run_are_named_with_the_reason(call, tmp_path):
    path = video(tmp_path / "t.mkv", pictures(8, 64, 64))
    code, _, err = call("--pred", f"a={path}", "--truth", path, "--domain", "synthetic")
    assert code in (0, 1), err
    scores = results_of(tmp_path).rows[0].scores
    assert scores["psnr"].value == 100
    assert scores["psnr/head"].status == "unavailable"
    assert "masks" in scores["psnr/head"].reason


def test_a_broken_metric_is_a_failed_cell_and_hurts_no_other(call, tmp_path, monkeypatch):
    from metrics.psnr import PSNR

    def fail(self, batch):
        raise RuntimeError("out of cheese")

    monkeypatch.setattr(PSNR, "update", fail)
    path = video(tmp_path / "t.mkv")
    code, _, _ = call("--pred", path, "--truth", path, "--metrics", "psnr,ssim")
    assert code == 1
    results = results_of(tmp_path)
    assert results.failures[0].message == "out of cheese"
    assert results.rows[0].scores["psnr"].status == "failed"
    assert results.rows[0].scores["ssim/torchmetrics"].value == pytest.approx(1)


def test_memory_does_not_grow_with_length(tmp_path, call, monkeypatch):
    """Frames are held a batch at a time: no more of them alive in a clip five times as long."""
    import harness.engine.file_jobs as score_run

    alive = []
    original = score_run.frames_of

    def counted(opened):
        for index, frame in enumerate(original(opened)):
            alive.append(index)
            yield frame

    held = []

    def watch_batches(sides):
        for start, prediction, truth in batches(sides):
            held.append(prediction.nbytes + truth.nbytes)
            yield start, prediction, truth

    batches = score_run.batches
    monkeypatch.setattr(score_run, "frames_of", counted)
    monkeypatch.setattr(score_run, "batches", watch_batches)
    for count in (40, 200):
        path = video(tmp_path / f"{count}.mkv", pictures(count))
        other = video(tmp_path / f"{count}b.mkv", pictures(count))
        call("--pred", path, "--truth", other, "--metrics", "psnr", "--fresh-table")
    assert max(held) == 2 * score_run.BATCH * 32 * 40 * 3
    assert len(alive) == 2 * 240


def test_mesh_sequences(call, tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(5, 6, 3)).astype(np.float32)
    for side, values in (("t", truth), ("p", truth + np.float32([0, 3, 4]))):
        (tmp_path / side).mkdir()
        for name in ("one", "two"):
            np.save(tmp_path / side / f"{name}.npy", values.reshape(5, 18))
    np.save(tmp_path / "neutral.npy", truth[0])
    (tmp_path / "lip.txt").write_text("0, 2, 5")
    code, out, err = call(
        *("--pred", f"mine={tmp_path / 'p'}", "--truth", tmp_path / "t"),
        *("--template", tmp_path / "neutral.npy", "--region", f"lip={tmp_path / 'lip.txt'}"),
    )
    assert code == 0, err
    scores = results_of(tmp_path).rows[0].scores
    assert scores["lve"].value == pytest.approx(25, rel=1e-5)
    assert scores["lve/l2"].value == pytest.approx(5, rel=1e-5)
    assert scores["mve"].value == pytest.approx(5, rel=1e-5)
    assert scores["lve"].n == 10
    assert len(scores["lve"].details["regions"]["lip"]["sha256"]) == 64
    assert scores["fdd"].status == "unavailable"
    assert "--region upper=FILE" in scores["fdd"].reason
    assert "0x0" not in out


def test_rows_of_a_distribution_stand_on_the_same_frames(call, tmp_path, monkeypatch):
    """One prediction loses its face in some frames: the other row is cut to the same frames."""
    from metrics.common.faces import Faces
    from metrics.common.frechet import frechet_distance
    from metrics.detectors import synthetic

    def look(net, frames):
        lost = frames[:, 0, 0, 0] == 0
        expression = frames[:, :3, :8].reshape(len(frames), -1)[:, :24].astype(float)
        expression[lost] = np.nan
        reasons = tuple("no_face" if gone else None for gone in lost)
        return Faces(np.zeros((len(frames), 68, 2)), expression, reasons)

    monkeypatch.setattr(synthetic, "synthetic_faces", look)
    truth, ours, theirs = (np.maximum(pictures(40, seed=s), 1) for s in (0, 1, 2))
    theirs[:6, 0, 0] = 0
    paths = [video(tmp_path / f"{n}.mkv", f) for n, f in (("t", truth), ("a", ours), ("b", theirs))]
    code, out, err = call(
        *("--pred", paths[1], "--pred", paths[2], "--truth", paths[0], "--domain", "synthetic"),
        *("--metrics", "e_fid/synthetic"),
    )
    assert code == 0, err
    rows = {row.method: row.scores["e_fid/synthetic"] for row in results_of(tmp_path).rows}
    assert rows["a"].n == rows["b"].n == 34
    features = [f[6:, :3, :8].reshape(34, -1)[:, :24].astype(float) for f in (ours, truth)]
    assert rows["a"].value == pytest.approx(frechet_distance(*features), rel=1e-9)
    assert "34 samples that all rows could score, of 40" in " ".join(rows["a"].warnings)
    assert rows["b"].details["failures_by_type"] == {"no_face": 6}
    assert "34 samples that all rows" in out.replace("\n", " ")


def asset_frames(assets, count, size=192):
    from itertools import islice

    from harness.media.video import read_frames

    frames = islice(read_frames(assets / "video/obama_20s.mp4"), count)
    return np.stack([np.asarray(Image.fromarray(f).resize((size, size))) for f in frames])


@pytest.mark.shared
def test_two_faces_a_face_that_leaves_and_a_single_frame(call, tmp_path, assets, monkeypatch):
    monkeypatch.setenv("HARNESS_WEIGHTS", str(assets / "weights"))
    truth = asset_frames(assets, 4)
    wide = np.concatenate([truth, np.full_like(truth, 128)], 2)
    spoiled = wide.copy()
    spoiled[1, :, 192:] = truth[1]  # a second face
    spoiled[3] = 128  # the face has left
    flags = ("--metrics", "lmd/mp478,e_fid/mp52")
    sides = video(tmp_path / "p.mkv", spoiled), video(tmp_path / "t.mkv", wide)
    code, _, err = call("--pred", sides[0], "--truth", sides[1], *flags)
    assert code == 0, err
    score = results_of(tmp_path).rows[0].scores["lmd/mp478"]
    assert score.value == 0
    assert score.n == 2
    assert score.details["failures_by_type"] == {"no_face": 1, "several_faces": 1}
    sides = video(tmp_path / "p.mkv", wide[:1]), video(tmp_path / "t.mkv", wide[:1])
    code, _, err = call("--pred", sides[0], "--truth", sides[1], *flags)
    assert code == 0, err
    scores = results_of(tmp_path).rows[0].scores
    assert scores["lmd/mp478"].value == 0
    assert scores["e_fid/mp52"].status == "failed"
    assert scores["e_fid/mp52"].value is None


def test_kill_9_leaves_nothing_half_written_and_the_next_call_goes_on(tmp_path, call):
    import os
    import signal
    import subprocess
    import sys
    import time

    for name in ("one", "two", "three"):
        for side in "pt":
            (tmp_path / side).mkdir(exist_ok=True)
            video(tmp_path / side / f"{name}.mkv", pictures(60, 96, 96, seed=len(name)))
    command = [sys.executable, "-m", "harness", "score", "--out", str(tmp_path / "out")]
    command += ["--pred", str(tmp_path / "p"), "--truth", str(tmp_path / "t")]
    command += ["--metrics", "psnr,ssim"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cells = tmp_path / "out" / "cells" / "score"
    until = time.monotonic() + 60

    def whole():
        return [path for path in cells.glob("*/cell.json") if path.parent.suffix != ".partial"]

    while not whole() and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    finished = len(whole())
    assert finished >= 1
    assert not (tmp_path / "out" / "results.json").exists() or finished == 6
    code, _, err = call(*command[6:])
    assert code == 0
    assert f"{finished} reused" in err or "Nothing to do" in err
    assert results_of(tmp_path).rows[0].scores["psnr"].value == 100
    assert not list(cells.glob("*.partial"))
