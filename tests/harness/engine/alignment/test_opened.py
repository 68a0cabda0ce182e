"""What one side of a comparison is opened as: its pictures, colours, sound, numbers and labels."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from PIL import Image
from recordings import folder, pictures, tone, video

from harness.contracts import Results
from harness.engine.alignment import opened as reader
from harness.engine.alignment.opened import open_sequence
from harness.media.video import write_mp4


def results_of(tmp_path):
    return Results.from_json(json.loads((tmp_path / "out" / "results.json").read_text("utf-8")))


@pytest.mark.parametrize(
    ("subtype", "channels"), [("PCM_16", 1), ("PCM_16", 2), ("PCM_U8", 1), ("FLOAT", 1)]
)
def test_sound_of_every_kind_is_the_same_sound(tmp_path, subtype, channels):
    opened = open_sequence(
        "a", folder(tmp_path / "a", audio=tone(0.32), subtype=subtype, channels=channels), 25
    )
    tolerance = 1 / 120 if subtype == "PCM_U8" else 1e-4
    np.testing.assert_allclose(opened.audio, tone(0.32), atol=tolerance)


def test_a_rotated_portrait_is_seen_upright(tmp_path):
    """A phone stores a landscape picture and a turn by 90 degrees in the track's matrix."""
    frames = pictures(4, 32, 48)
    frames[:, :8, :8] = 255
    write_mp4(tmp_path / "a.mp4", frames, 25, crf=1)
    content = (tmp_path / "a.mp4").read_bytes()
    upright = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    turned = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 32 << 16, 0, 1 << 30)
    at = content.index(upright, content.index(b"tkhd"))
    content = content[:at] + turned + content[at + len(turned) :]
    (tmp_path / "a.mp4").write_bytes(content)
    opened = open_sequence("a", tmp_path / "a.mp4")
    assert (opened.height, opened.width) == (48, 32)
    first = next(iter(opened.frames()))
    assert first.shape == (48, 32, 3)
    assert opened.decode.endswith("rotated by 90 degrees clockwise")
    assert first[:6, -6:].mean() > 240, "the corner top left comes to the top right"


def test_labels_become_a_signal(tmp_path):
    from harness.engine.alignment.labels import read_labels

    path = tmp_path / "l.csv"
    path.write_text("name,subject,emotion,intensity\na,M003,happy,3\nb,W009,,\n", "utf-8")
    labels = read_labels(path, ["b", "a"])
    assert list(labels) == ["b", "a"]
    track = labels["a"].track(5)
    assert track.labels.tolist() == [5] * 5
    assert track.intensity.tolist() == [3] * 5
    assert labels["b"].track(5) is None


def test_sound_is_read_from_beside_the_pictures(tmp_path):
    folder(tmp_path / "a")
    soundfile.write(str(tmp_path / "a.wav"), tone(0.32), 16_000)
    assert len(open_sequence("a", tmp_path / "a", 25).audio) == 5120


def test_numbers_count_only_between_two_folders_of_pictures(call, tmp_path):
    """A video has none: its first frame belongs to the first picture, also to one of number 1."""
    truth = pictures(8)
    video(tmp_path / "t.mkv", truth)
    folder(tmp_path / "p", truth[:7])
    for t in reversed(range(7)):
        (tmp_path / "p" / f"{t:04d}.png").rename(tmp_path / "p" / f"{t + 1:04d}.png")
    flags = ("--fps", 25, "--trim", "--metrics", "psnr")
    code, _, err = call("--pred", tmp_path / "p", "--truth", tmp_path / "t.mkv", *flags)
    assert code == 0, err
    assert results_of(tmp_path).rows[0].scores["psnr"].value == 100


def test_colours_decoded_in_two_ways_are_said_and_recorded(call, tmp_path, monkeypatch):
    frames = pictures(6)
    for name in ("p", "t"):
        video(tmp_path / f"{name}.mkv", frames)
    real = reader.probe

    def tagged(path):
        info = real(path)
        return replace(info, colour="bt709, limited range") if path.stem == "p" else info

    monkeypatch.setattr(reader, "probe", tagged)
    flags = ("--metrics", "psnr")
    sides = ("--pred", tmp_path / "p.mkv", "--truth", tmp_path / "t.mkv")
    code, _, err = call(*sides, *flags)
    assert code == 0, err
    assert "p.mkv: its colours are decoded as bt709, limited range, those of" in err
    record = results_of(tmp_path).provenance["score"]["p/t"]
    assert record["colour"] == ["bt709, limited range", "rgb"]


@pytest.mark.parametrize(
    "stated", [("rgb", "rgb"), ("bt601, limited range", "bt601 assumed, limited assumed range")]
)
def test_colours_decoded_in_one_way_raise_no_doubt(call, tmp_path, monkeypatch, stated):
    for name in ("p", "t"):
        video(tmp_path / f"{name}.mkv", pictures(6))
    colours, real = dict(zip("pt", stated, strict=True)), reader.probe
    monkeypatch.setattr(
        reader, "probe", lambda path: replace(real(path), colour=colours[path.stem])
    )
    sides = ("--pred", tmp_path / "p.mkv", "--truth", tmp_path / "t.mkv")
    code, _, err = call(*sides, "--metrics", "psnr")
    assert code == 0, err
    assert "are decoded as" not in err


def test_a_video_is_known_by_its_content_and_images_of_any_kind_are_read(call, tmp_path):
    frames = pictures(6)
    path = video(tmp_path / "p.mkv", frames).rename(tmp_path / "recording")
    folder(tmp_path / "t", frames)
    for image in (tmp_path / "t").glob("*.png"):
        with Image.open(image) as opened:
            opened.save(image.with_suffix(".webp"), lossless=True)
        image.unlink()
    sides = ("--pred", path, "--truth", tmp_path / "t", "--fps", "25")
    code, out, err = call(*sides, "--metrics", "psnr")
    assert code == 0, err
    assert "100.00" in out
