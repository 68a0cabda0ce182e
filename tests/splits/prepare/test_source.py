from fractions import Fraction

import av
import numpy as np
import pytest

from harness.contracts import BadInput
from harness.media.video import write_mp4
from splits.prepare.source import open_source


def grey(count):
    """Frame t has the grey level 4 t, so that it can be told apart after coding."""
    return [np.full((32, 32, 3), 4 * t, np.uint8) for t in range(count)]


def sound(seconds):
    return np.full(round(16_000 * seconds), 0.1, np.float32)


def test_a_good_sequence(tmp_path):
    write_mp4(tmp_path / "a.mp4", grey(30), 25, sound(1.2))
    source = open_source(tmp_path / "a.mp4")
    assert (source.count, source.resampled) == (30, False)
    assert len(source.audio) == 30 * 640
    assert len(list(source.frames())) == 30


@pytest.mark.parametrize("fps", [30, 50, 20])
def test_another_rate_only_by_choice(tmp_path, fps):
    write_mp4(tmp_path / "a.mp4", grey(2 * fps // 2), fps, sound(1.0))
    with pytest.raises(BadInput, match=rf"{fps} frames per second.*--fps 25"):
        open_source(tmp_path / "a.mp4")
    source = open_source(tmp_path / "a.mp4", fps=25)
    assert (source.count, source.resampled) == (25, True)
    levels = np.array([frame.mean() for frame in source.frames()]) / 4
    assert len(levels) == 25
    assert np.abs(levels - np.arange(25) * fps / 25).max() < 1, "the nearest frame in time"


def test_refusals(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        open_source(tmp_path / "none.mp4")
    write_mp4(tmp_path / "silent.mp4", grey(30), 25)
    with pytest.raises(BadInput, match="no audio track"):
        open_source(tmp_path / "silent.mp4")
    write_mp4(tmp_path / "short.mp4", grey(30), 25, sound(0.9))
    with pytest.raises(BadInput, match="more than one frame"):
        open_source(tmp_path / "short.mp4")
    with pytest.raises(BadInput, match="only 25"):
        open_source(tmp_path / "short.mp4", fps=30)


def coded(path, pixels, ratio=None, **options):
    """Thirty grey frames coded by x264 as the options have them, and silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0", **options})
        stream.width = stream.height = 64
        stream.pix_fmt = pixels
        if ratio:
            stream.codec_context.sample_aspect_ratio = ratio
        audio = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for t in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 4 * t, np.uint8), "rgb24")
            frame = frame.reformat(format=pixels)
            frame.pts, frame.time_base = t, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 19_200), np.int16), "s16", "mono")
        sound.sample_rate, sound.pts, sound.time_base = 16_000, 0, Fraction(1, 16_000)
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))


HLG = {"colorspace": "bt2020nc", "color_trc": "arib-std-b67", "color_primaries": "bt2020"}


@pytest.mark.parametrize(
    ("pixels", "ratio", "options", "match"),
    [
        ("yuv420p10le", None, HLG, "10 bits a channel"),
        ("yuv420p", None, HLG, "high dynamic range"),
        ("yuv420p", Fraction(8, 5), {}, "its pixels are 8:5, not square"),
        ("yuv420p", None, {"x264-params": "tff=1", "flags": "+ilme+ildct"}, "interlaced"),
    ],
)
def test_frames_shown_otherwise_than_stored_are_refused(tmp_path, pixels, ratio, options, match):
    coded(tmp_path / "a.mkv", pixels, ratio, **options)
    with pytest.raises(BadInput, match=match):
        open_source(tmp_path / "a.mkv")


def test_square_progressive_frames_are_taken(tmp_path):
    coded(tmp_path / "a.mkv", "yuv420p", Fraction(1, 1))
    assert open_source(tmp_path / "a.mkv").count == 30
