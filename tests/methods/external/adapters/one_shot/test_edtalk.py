from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from harness.__main__ import main
from harness.contracts import BadInput
from harness.media.video import probe, read_frames
from methods import catalog
from methods.external.adapters.one_shot.edtalk import STRETCH
from tests.methods.external.checkouts import (
    CHECKOUTS,
    build,
    calls,
    flags,
    prepared,
    run,
    shade,
)
from tests.methods.external.folders import point_to

PREDEFINED = "demo_EDTalk_A_using_predefined_exp_weights.py"


@pytest.mark.parametrize(
    ("emotion", "options", "script", "kind"),
    [
        ("happy", {}, PREDEFINED, "happy"),
        ("surprised", {}, PREDEFINED, "surprised"),
        ("neutral", {}, "demo_lip_pose.py", None),  # there are no predefined weights for it
        (None, {}, "demo_lip_pose.py", None),
        (None, {"emotion": "sad"}, PREDEFINED, "sad"),
        ("happy", {"expression": "clip"}, "demo_EDTalk_A.py", None),
    ],
)
def test_the_demo_fits_the_emotion(emotion, options, script, kind, tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "edtalk", emotion=emotion)
    results, _ = run(tmp_path / "out", recorded, "edtalk", **options)
    assert results.failures == ()
    call = calls(root)[0]
    assert call["argv"][0].endswith(script)
    assert flags(call).get("--exp_type") == kind
    assert ("--exp_driving_path" in flags(call)) == ("expression" in options)


def test_crops_are_ours_and_the_pose_video_is_25_fps_of_the_tests_length(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "edtalk")
    run(tmp_path / "out", recorded, "edtalk")
    info = probe(root / "seen" / "pose.mp4")
    assert (info.fps, info.count, info.height, info.width) == (25.0, 2, 256, 256)
    assert not [flag for flag in flags(calls(root)[0]) if "crop" in flag]
    assert Image.open(root / "seen" / "source.png").size == (256, 256)


def test_the_save_path_has_a_folder_and_one_mp4(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "edtalk")
    run(tmp_path / "out", recorded, "edtalk")
    path = flags(calls(root)[0])["--save_path"]
    assert "/" in path
    assert path.count(".mp4") == 1
    with pytest.raises(BadInput, match=r"contains `\.mp4`, which EDTalk replaces"):
        run(tmp_path / "of.mp4.d", recorded, "edtalk")


@pytest.mark.parametrize("method", ["edtalk", "edtalk-v"])
def test_verify_says_that_its_brightness_is_stretched(method, tmp_path, monkeypatch, capsys):
    """And no lack: the note alone fails nothing."""
    root = build(tmp_path / "checkout", method)
    for name in CHECKOUTS[method][1]:  # which the stand-ins' own imports would need
        (root / name).write_text("")
    point_to(monkeypatch, method, root)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr("sys.argv", ["harness", "verify", "--device", "cpu", method])
    with suppress(SystemExit):
        main()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert any(line.startswith("note") and STRETCH in line for line in lines)
    assert not any("missing" in line for line in lines)


def test_rows_say_that_its_brightness_is_stretched():
    for method in ("edtalk", "edtalk-v"):
        assert all(STRETCH in result.note for result in catalog.spec(method).published)


@pytest.mark.parametrize(
    ("options", "said"), [({"emotion": "joy"}, "not an emotion"), ({"expression": "x"}, "neither")]
)
def test_unknown_options_are_refused(options, said, tmp_path, monkeypatch):
    _, recorded = prepared(tmp_path, monkeypatch, "edtalk")
    with pytest.raises(BadInput, match=said):
        run(tmp_path / "out", recorded, "edtalk", **options)


def test_the_video_driven_demo_is_an_oracle_and_sees_the_true_frames(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "edtalk-v")
    results, row = run(tmp_path / "out", recorded, "edtalk-v")
    assert results.failures == ()
    assert row.role == "oracle"
    given = flags(calls(root)[0])
    assert given["--pose_driving_path"] == given["--lip_driving_path"]
    assert [round(shade(frame)) for frame in read_frames(root / "seen" / "lip.mp4")] == [20, 21]


@pytest.mark.parametrize(
    ("method", "options", "shown"),
    [("edtalk", {"expression": "clip"}, [0, 1]), ("edtalk-v", {}, [20, 21])],
)
def test_what_it_drops_from_an_expression_is_no_frame_of_ours(
    method, options, shown, tmp_path, monkeypatch
):
    """It cuts off 20 frames and mirrors the rest; of 20 frames or fewer it would mirror nothing."""
    root, recorded = prepared(tmp_path, monkeypatch, method)
    results, _ = run(tmp_path / "out", recorded, method, **options)
    assert results.failures == ()
    given = list(read_frames(root / "seen" / "expression.mp4"))
    assert len(given) == 2 + 20
    assert [round(shade(frame)) for frame in given[:-20]] == shown


def test_sound_a_few_samples_short_of_its_frames_is_enough(tmp_path, monkeypatch):
    """It drops the last part of a frame of sound, and with it a frame."""
    _, (manifest, sequence) = prepared(tmp_path, monkeypatch, "edtalk")
    short = replace(sequence, audio=sequence.audio[:-9])
    results, _ = run(tmp_path / "out", (manifest, short), "edtalk")
    assert results.failures == ()


def test_the_source_frame_is_the_users_to_choose(tmp_path, monkeypatch):
    root, recorded = prepared(tmp_path, monkeypatch, "edtalk")
    run(tmp_path / "out", recorded, "edtalk", source_frame=7)
    source = np.asarray(Image.open(root / "seen" / "source.png"))
    assert shade(source) == pytest.approx(7, abs=0.5)
