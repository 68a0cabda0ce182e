"""The whole preparation, on the first seconds of real sequences."""

import errno
import json
import os

import cv2
import numpy as np
import pytest

from harness import weights as registry
from harness.contracts import BadInput, Masks, Unavailable
from harness.files.pictures import read_picture
from harness.media.audio import read_audio
from harness.media.video import read_frames, write_mp4
from splits.er_nerf.files import read_landmarks, read_masks, read_transforms
from splits.prepare import check, layout, prepare, sequence
from splits.prepare.plates import composite, widen
from splits.prepare.pose import RIGID_POINTS, RIGID_VERTICES, project
from splits.prepare.source import Cut

pytestmark = pytest.mark.shared

COUNT = 33


@pytest.fixture(scope="module")
def talk(assets):
    video = assets / "video" / "obama_20s.mp4"
    frames = [f for _, f in zip(range(COUNT), read_frames(video), strict=False)]
    return frames, read_audio(video)[: COUNT * 640]


@pytest.fixture(scope="module")
def model(assets):
    return assets / "weights" / "face_landmarker.task"


@pytest.fixture(scope="module")
def folder(talk, model, tmp_path_factory):
    place = tmp_path_factory.mktemp("prepare")
    write_mp4(place / "talk.mp4", talk[0], 25, talk[1], crf=4)
    stages = []
    out = prepare(
        place / "talk.mp4", place / "talk", size=160, weights=model, masks="grabcut",
        progress=lambda stage, done, total, **_: stages.append((stage, done, total)),
    )  # fmt: skip
    assert {s for s, *_ in stages} == {"landmarks", "frames", "head pose", "masks", "plates"}
    assert {p.name for p in place.iterdir()} == {"talk.mp4", "talk"}
    return out


def test_every_file_is_there(folder):
    for t in range(COUNT):
        for name in ("ori_imgs/{}.jpg", "ori_imgs/{}.lms", "gt_imgs/{}.jpg", "parsing/{}.png",
                     "torso_imgs/{}.png"):  # fmt: skip
            assert (folder / name.format(t)).is_file()
    record = json.loads((folder / "prepare.json").read_text())
    assert record["frames"] == COUNT
    assert record["fps"] == 25
    assert not record["resampled"]
    assert record["source_sha256"] == registry.sha256_of(folder.parent / "talk.mp4")
    assert (record["train"], record["val"]) == ([0, 30], [30, 33])
    assert record["pose_error_pixels"]["max"] < 2
    assert len(read_audio(folder / "aud.wav")) == COUNT * 640
    assert record["composite_psnr"]["mean"] > 40
    assert record["composite_psnr"]["min"] > 35
    assert not record["accepted"]
    assert read_picture(folder / "prepared.png").std() > 20


def test_cameras_explain_the_landmarks(folder):
    camera = read_transforms(folder).camera()
    with np.load(folder / "landmarks478.npz") as archive:
        seen = archive["landmarks"][:, RIGID_VERTICES]
    canonical = np.array(list(RIGID_POINTS.values())) / 100
    drawn = project(canonical, camera.world_to_camera.astype(float), camera.K[0].astype(float))
    assert np.linalg.norm(drawn - seen, axis=-1).mean() < 3
    assert 0.2 < camera.world_to_camera[:, 2, 3].mean() < 3, "metres"


def test_regions_lie_where_they_should(folder):
    masks = Masks(read_masks(folder, COUNT, 160, 160))
    landmarks = read_landmarks(folder, COUNT)
    share = {name: masks.region(name).mean() for name in ("head", "face", "hair", "torso")}
    assert 0.2 < share["head"] < 0.4
    assert 0.01 < share["hair"] < share["face"]
    assert 0.1 < share["torso"] < 0.35
    head, torso = masks.region("head"), masks.region("torso")
    assert not (head & torso).any()
    for t in (0, 15, 32):
        for x, y in np.floor(landmarks[t, 17:68]).astype(int):
            assert head[t, y, x]
        assert not head[t, 155, 80], "the tie is not head"
        assert torso[t, 155, 80]
        assert not (head | torso)[t, :40, :15].any(), "the window is background"
    change = (head[1:] != head[:-1]).mean((1, 2))
    assert change.max() < 0.02, "no flicker"


def test_torso_over_background_is_the_frame_outside_the_head(folder):
    background = read_picture(folder / "bc.jpg")
    for t in (0, 20):
        truth = read_picture(folder / "gt_imgs" / f"{t}.jpg").astype(int)
        torso = cv2.imread(str(folder / "torso_imgs" / f"{t}.png"), cv2.IMREAD_UNCHANGED)
        plate = composite(torso[..., [2, 1, 0, 3]], background).astype(int)
        parsing = read_picture(folder / "parsing" / f"{t}.png")
        head = (parsing[..., 0] <= 100) & (parsing[..., 1] <= 100)
        outside = ~widen(widen(head))
        assert np.abs(truth - plate)[outside].mean() < 0.3
        assert np.abs(truth - plate)[head].mean() > 10, "the head is gone"


def test_repeatable(folder, model, tmp_path):
    again = prepare(folder.parent / "talk.mp4", tmp_path / "b", size=160, weights=model,
                    masks="grabcut")  # fmt: skip
    for name in ("parsing/7.png", "torso_imgs/7.png", "bc.jpg", "au.csv", "transforms_val.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_truth_that_is_not_the_video_is_refused_unless_accepted(
    folder, model, tmp_path, monkeypatch
):
    """The background plate is black, as where a mask takes all of a wall for the subject."""
    real = sequence.plates.background_plate
    monkeypatch.setattr(
        sequence.plates, "background_plate", lambda *given: (0 * real(*given)[0], 0.0)
    )
    options = {"size": 160, "weights": model, "masks": "grabcut"}
    with pytest.raises(BadInput, match=r"masks do not hold: .* dB PSNR on average.*--accept-masks"):
        prepare(folder.parent / "talk.mp4", tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []
    out = prepare(folder.parent / "talk.mp4", tmp_path / "out", accept_masks=True, **options)
    record = json.loads((out / "prepare.json").read_text())
    assert record["accepted"]
    assert record["composite_psnr"]["mean"] < 30


def test_a_check_says_what_would_be_done_and_writes_nothing(folder, model, tmp_path):
    video = folder.parent / "talk.mp4"
    todo = check(video, tmp_path / "out", weights=model, masks="grabcut")
    height, width = todo.sources[0].info.height, todo.sources[0].info.width
    assert todo.sentences() == [
        f"{video}: {COUNT} frames of {width}x{height} at 25 per second, 10/11 for training and "
        "1/11 for testing; masks by grabcut"
    ]
    assert not list(tmp_path.iterdir())
    with pytest.raises(BadInput):
        check(video, folder, weights=model)


def test_the_folder_is_never_overwritten(folder, model):
    with pytest.raises(BadInput, match="exists already"):
        prepare(folder.parent / "talk.mp4", folder, weights=model)


def refused(tmp_path, frames, sound, model, match, **options):
    write_mp4(tmp_path / "v.mp4", frames, options.pop("rate", 25), sound)
    with pytest.raises(BadInput, match=match):
        prepare(tmp_path / "v.mp4", tmp_path / "out", weights=model, size=None, **options)
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"], "nothing half-written"


def test_no_face(tmp_path, talk, model):
    blank = [np.full((64, 64, 3), 90, np.uint8)] * 12
    refused(tmp_path, blank, talk[1][: 12 * 640], model, "no face in any of its 12 frames")


def test_a_face_that_leaves(tmp_path, talk, model):
    frames = [*talk[0][:10], *[np.zeros_like(talk[0][0])] * 3]
    refused(
        tmp_path,
        frames,
        talk[1][: 13 * 640],
        model,
        r"no face in 3 of 13 .*10-12, first at 0\.40 s",
    )


def test_several_faces(tmp_path, talk, model):
    frames = [np.hstack([f, f]) for f in talk[0][:12]]
    refused(tmp_path, frames, talk[1][: 12 * 640], model, "several faces in 12 of 12")


def test_a_cut(tmp_path, talk, model):
    wide = [np.pad(f, ((0, 0), (0, 700), (0, 0))) for f in talk[0][:6]]
    wide += [np.pad(f, ((0, 0), (700, 0), (0, 0))) for f in talk[0][6:12]]
    refused(tmp_path, wide, talk[1][: 12 * 640], model, "jumps .* frame 6")


def test_too_few_pixels(tmp_path, talk, model):
    write_mp4(tmp_path / "v.mp4", talk[0][:12], 25, talk[1][: 12 * 640])
    with pytest.raises(BadInput, match=r"4\d\d pixels wide, smaller than --size 512"):
        prepare(tmp_path / "v.mp4", tmp_path / "out", weights=model)
    assert not (tmp_path / "out").exists()


def test_a_stage_with_many_subjects(assets, model, tmp_path):
    video = assets / "video" / "no_talking_face.mp4"
    with pytest.raises(BadInput, match=r"29\.97 frames per second"):
        prepare(video, tmp_path / "out", weights=model)
    with pytest.raises(BadInput, match="face"):
        prepare(video, tmp_path / "out", weights=model, cut=Cut(fps=25))
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_video(assets, model, tmp_path):
    data = (assets / "video" / "obama_20s.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match=r"truncated|cut short"):
        prepare(tmp_path / "cut.mp4", tmp_path / "out", weights=model)
    assert [p.name for p in tmp_path.iterdir()] == ["cut.mp4"]


def test_missing_weights(talk, tmp_path, monkeypatch):
    write_mp4(tmp_path / "v.mp4", talk[0][:12], 25, talk[1][: 12 * 640])
    monkeypatch.setenv("HARNESS_WEIGHTS", "")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(Unavailable, match="weights fetch mediapipe-face-landmarker"):
        prepare(tmp_path / "v.mp4", tmp_path / "out")
    with pytest.raises(BadInput, match="auto, multiclass, selfie or grabcut"):
        prepare(tmp_path / "v.mp4", tmp_path / "out", weights=tmp_path, masks="magic")


def test_interrupted(talk, model, tmp_path):
    write_mp4(tmp_path / "v.mp4", talk[0][:12], 25, talk[1][: 12 * 640])

    def stop(stage, done, total, **_):
        if stage == "masks":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path / "v.mp4", tmp_path / "out", size=128, weights=model, masks="grabcut",
                progress=stop)  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"]


def test_a_disk_that_refuses_leaves_nothing(talk, model, tmp_path, monkeypatch):
    def full(path, image):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    write_mp4(tmp_path / "talk.mp4", talk[0], 25, talk[1])
    monkeypatch.setattr(layout, "write_jpeg", full)
    with pytest.raises(BadInput, match="the disk is full"):
        prepare(tmp_path / "talk.mp4", tmp_path / "out", size=64, weights=model, masks="grabcut")
    with pytest.raises(BadInput, match="cannot be created"):
        prepare(tmp_path / "talk.mp4", tmp_path / "talk.mp4" / "x", weights=model, masks="grabcut")
    assert [p.name for p in tmp_path.iterdir()] == ["talk.mp4"]
