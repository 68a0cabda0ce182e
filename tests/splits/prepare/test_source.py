from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from harness.contracts import BadInput
from harness.media.video import write_mp4
from splits.prepare.source import Cut, open_source


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


@pytest.mark.parametrize(("fps", "target"), [(30, 25), (50, 25), (20, 25), (24, 30), (25, 30)])
def test_frames_are_resampled_by_choice_only(tmp_path, fps, target):
    write_mp4(tmp_path / "a.mp4", grey(fps), fps, sound(1.0))
    source = open_source(tmp_path / "a.mp4", Cut(fps=target))
    assert (source.count, source.fps, source.resampled) == (target, target, True)
    levels = np.array([frame.mean() for frame in source.frames()]) / 4
    assert len(levels) == target
    assert np.abs(levels - np.arange(target) * fps / target).max() < 1, "the nearest in time"


@pytest.mark.parametrize(("fps", "cure"), [(50, 30), (24, 25), (Fraction(30000, 1001), 30)])
def test_another_rate_is_refused_with_the_nearer_one(tmp_path, fps, cure):
    write_mp4(tmp_path / "a.mp4", grey(30), fps, sound(float(30 / fps)))
    with pytest.raises(BadInput, match=rf"frames per second .*Pass --fps {cure} "):
        open_source(tmp_path / "a.mp4")


def test_30_frames_a_second_stay_as_they_are(tmp_path):
    write_mp4(tmp_path / "a.mp4", grey(30), 30, sound(1.0))
    source = open_source(tmp_path / "a.mp4")
    assert (source.count, source.fps, source.resampled) == (30, 30, False)
    assert len(source.audio) == 16_000


def test_a_part_has_its_own_frames_and_sound(tmp_path):
    ramp = np.linspace(-0.5, 0.5, 16_000 * 2, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", ramp, 16_000, subtype="FLOAT")
    write_mp4(tmp_path / "a.mp4", grey(50), 25, sound(2.0))
    cut = Cut(audio=tmp_path / "a.wav", start=0.4, end=1.6)
    source = open_source(tmp_path / "a.mp4", cut)
    assert (source.count, source.window) == (30, range(10, 40))
    levels = np.array([frame.mean() for frame in source.frames()]) / 4
    assert np.abs(levels - np.arange(10, 40)).max() < 0.5
    np.testing.assert_allclose(source.audio, ramp[6400 : 6400 + 30 * 640], atol=1e-6)
    half = open_source(tmp_path / "a.mp4", Cut(fps=30, start=1.0))
    levels = np.array([frame.mean() for frame in half.frames()]) / 4
    assert len(levels) == half.count == 30
    assert np.abs(levels - 25 - np.arange(30) * 25 / 30).max() < 1


@pytest.mark.parametrize(("start", "end"), [(3.0, None), (0.5, 0.5), (1.0, 0.2)])
def test_a_part_outside_the_video_is_refused(tmp_path, start, end):
    write_mp4(tmp_path / "a.mp4", grey(50), 25, sound(2.0))
    with pytest.raises(BadInput, match=r"no frame lies between .* Correct --start and --end"):
        open_source(tmp_path / "a.mp4", Cut(start=start, end=end))


def test_frames_without_sound_are_left_out_when_asked(tmp_path):
    write_mp4(tmp_path / "a.mp4", grey(50), 25, sound(1.2))
    with pytest.raises(BadInput, match=r"its sound lasts .* the frames 2\.000 s.*Pass --trim"):
        open_source(tmp_path / "a.mp4")
    source = open_source(tmp_path / "a.mp4", Cut(trim=True))
    assert 29 <= source.count <= 32  # AAC ends at a whole packet of 64 ms
    assert len(list(source.frames())) == source.count
    assert len(source.audio) == source.count * 640


def test_sound_that_ends_within_its_last_packet_is_taken(tmp_path):
    write_mp4(tmp_path / "a.mp4", grey(50), 25, sound(1.9))
    assert open_source(tmp_path / "a.mp4").count == 50


def test_refusals(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        open_source(tmp_path / "none.mp4")
    write_mp4(tmp_path / "mute.mp4", grey(30), 25)
    with pytest.raises(BadInput, match=r"no audio track.*--audio FILE"):
        open_source(tmp_path / "mute.mp4")
    write_mp4(tmp_path / "silent.mp4", grey(30), 25, 0 * sound(1.2))
    with pytest.raises(BadInput, match="its sound is silent throughout"):
        open_source(tmp_path / "silent.mp4")
    with pytest.raises(BadInput, match="only 25 and 30"):
        open_source(tmp_path / "silent.mp4", Cut(fps=50))


def coded(path, pixels, ratio=None, **options):
    """Thirty grey frames coded by x264 as the options have them, and a constant sound."""
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
        sound = av.AudioFrame.from_ndarray(np.full((1, 19_200), 99, np.int16), "s16", "mono")
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
