"""TalkingGaussian and its descendants from end to end, and their traps."""

import numpy as np
import pytest
import torch
from PIL import Image

from harness.contracts import BadInput
from harness.engine.execution import Engine
from harness.engine.planning import make_plan
from harness.engine.request import Request, SplitData, rows_of
from harness.testing import check_spec_reads_without_torch
from methods import catalog
from methods.external import checks
from methods.external.run.checkout import CheckoutJob
from tests.methods.external.gaussian_methods import IDS, fitted, recording, render


@pytest.mark.parametrize("name", IDS)
def test_specs_read_without_torch(name):
    check_spec_reads_without_torch(catalog.spec(name).entry.partition(":")[0])


@pytest.mark.parametrize("name", IDS)
def test_train_render_collect_score(name, ready, tiny, folders, tmp_path):
    """Through the machine, as a user runs it; the stand-in renders its last training frame."""
    root = ready(name)
    data, code = folders.snapshot(tiny), folders.snapshot(root)
    request = Request(rows_of((name,), False), SplitData(str(tiny)), ("psnr",))
    results = Engine(tmp_path / "runs").run(make_plan(request))
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


@pytest.mark.parametrize("name", IDS)
def test_the_published_commands(name, ready, tiny, tmp_path):
    """The steps of `scripts/train_xx.sh`, in its order and with its options."""
    root = ready(name)
    record = {"sequence": "T", "folder": str(tiny), "seed": 0, "config": {"iterations": 0}}
    environment = checks.ready(type(catalog.build(name)).adapter)
    job = CheckoutJob(record, tmp_path, environment, "cpu")
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


@pytest.mark.parametrize(
    ("column", "values", "match"),
    [
        ("AU45", lambda t: 0.6, r"AU45 in 1\.70\.\.2\.60.*its maximum is 0\.60"),
        ("AU45", lambda t: 2.0 * (t % 2), r"no frame has AU45 in 0\.\d+"),
        (
            "AU25",
            lambda t: 3.0 if t > 19 else 0.5,
            r"AU25 reaches 0\.50, but the trainer searches for",
        ),
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
        with Image.open(tiny / "parsing" / f"{t}.png") as image:
            Image.new("RGB", image.size, "white").save(tiny / "parsing" / f"{t}.png")
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
    with pytest.raises(BadInput, match="not a readable file of plain tensors"):
        fitted("ua3dtalk-official", recording(tiny), tmp_path / "w2")
    (tiny / "val_auds_exp.pth").unlink()
    with pytest.raises(BadInput, match=r"lacks val_auds_exp\.pth"):
        fitted("ua3dtalk-official", recording(tiny), tmp_path / "w3")
    assert "must never run" not in capsys.readouterr().out
