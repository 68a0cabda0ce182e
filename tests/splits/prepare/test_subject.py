"""Several videos of one subject, on short pieces of a real video."""

import json
import re
from itertools import islice

import numpy as np
import pytest

from harness.contracts import BadInput, UnknownName
from harness.media.audio import read_audio
from harness.media.video import read_frames, write_mp4
from splits import catalog
from splits.er_nerf import manifest_of
from splits.er_nerf.files import read_transforms
from splits.prepare import doubts, prepare

COUNT = 22


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    """A video in which nobody is seen, for what is refused before anybody is looked for."""
    path = tmp_path_factory.mktemp("grey") / "grey.mp4"
    write_mp4(
        path, [np.full((64, 64, 3), 90, np.uint8)] * 12, 25, np.full(12 * 640, 0.1, np.float32)
    )
    return path


def copies(grey, folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(grey.read_bytes())
    return [folder / name for name in names]


@pytest.mark.parametrize(
    ("names", "test", "error", "match"),
    [
        (["x/a.mp4", "y/a.mp4"], (), BadInput, r"y/a\.mp4: without .*x/a\.mp4.*Rename"),
        (["a.mp4", "A.mov"], (), BadInput, "the same name"),
        (["\u00fc.mp4", "u\u0308.mov"], (), BadInput, "the same name"),
        (["a.mp4", "subject.json.mp4"], (), BadInput, "no sequence can be named"),
        (["a.mp4", "b.mp4"], ("c",), UnknownName, "unknown test video 'c'"),
        (["a.mp4", "b.mp4"], ("a", "b"), BadInput, "none is left to train on"),
    ],
)
def test_names_are_checked_before_any_work(grey, tmp_path, names, test, error, match):
    videos = copies(grey, tmp_path / "in", *names)
    with pytest.raises(error, match=match):
        prepare(videos, tmp_path / "out", test=test, weights=tmp_path, masks="grabcut")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_another_frame_size_is_refused(grey, tmp_path):
    write_mp4(tmp_path / "b.mp4", [np.zeros((64, 96, 3), np.uint8)] * 12, 25,
              np.full(12 * 640, 0.1, np.float32))  # fmt: skip
    with pytest.raises(BadInput, match=r"b\.mp4: its frames are 96x64 pixels, those of .* 64x64"):
        prepare([grey, tmp_path / "b.mp4"], tmp_path / "out", weights=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["b.mp4"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        (
            {"composite_psnr": {"mean": 27.3, "min": 21.0, "worst": 3, "low": "9 of 9"}},
            ["27.3 dB PSNR on average"],
        ),
        (
            {"composite_psnr": {"mean": 45.0, "min": 34.9, "worst": 3, "low": "1 of 9"}},
            [r"34\.9 dB in the worst frame \(3\).*Below 35 dB are 1 of 9"],
        ),
        ({"frames": 75}, ["lasts 3.0 s"]),
        ({"masks": "grabcut"}, ["weights fetch mediapipe-selfie"]),
        (
            {"audio_offset": {"seconds": 0.2, "peak": 0.5, "unmoved": 0.1, "clear": True}},
            ["seems to be 200 ms late .*`--audio-offset -0.20` moves it"],
        ),
        ({"notes": ["0.300 s of its sound are missing"]}, ["0.300 s of its sound"]),
    ],
)
def test_what_is_doubtful_is_named(tmp_path, changes, words):
    record = {
        "composite_psnr": {"mean": 46.0, "min": 41.0, "worst": 3, "low": ""},
        "frames": 5000, "fps": 25.0, "masks": "mediapipe-selfie", "notes": [],
        "audio_offset": {"seconds": 0.03, "peak": 0.5, "unmoved": 0.4, "clear": False}, **changes,
    }  # fmt: skip
    (tmp_path / "prepare.json").write_text(json.dumps(record))
    found = doubts(tmp_path)
    assert len(found) == len(words)
    assert all(re.search(word, text) for word, text in zip(words, found, strict=True))


@pytest.mark.shared
def test_two_videos_become_one_subject(assets, tmp_path):
    video = assets / "video" / "obama_20s.mp4"
    frames, audio = list(islice(read_frames(video), 3 * COUNT)), read_audio(video)
    for name, start in (("a", 0), ("été", 2 * COUNT)):
        part = slice(start * 640, (start + COUNT) * 640)
        write_mp4(tmp_path / f"{name}.mp4", frames[start : start + COUNT], 25, audio[part], crf=4)
    videos = [tmp_path / "a.mp4", tmp_path / "été.mp4"]
    out = prepare(videos, tmp_path / "Obama", test=["été"], size=64, masks="grabcut",
                          weights=assets / "weights" / "face_landmarker.task")  # fmt: skip
    assert {p.name for p in tmp_path.iterdir()} == {"a.mp4", "été.mp4", "Obama"}
    assert {p.name for p in out.iterdir()} == {"a", "été", "subject.json"}
    records = [json.loads((out / n / "prepare.json").read_text()) for n in ("a", "été")]
    assert records[0]["crop"]["height"] == records[1]["crop"]["height"]
    poses = [read_transforms(out / name) for name in ("a", "été")]
    assert poses[0].focal == poses[1].focal
    manifest = manifest_of(out)
    assert [(e.id, e.role) for e in manifest.sequences] == [("a", "train"), ("été", "test")]
    train, test = (catalog.load(manifest, entry) for entry in manifest.sequences)
    assert (train.train, train.test) == (range(COUNT), range(0))
    assert (test.train, test.test) == (range(0), range(COUNT))
    assert (train.subject, train.height, test.height) == ("Obama", 64, 64)
