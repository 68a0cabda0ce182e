from fractions import Fraction

import av
import numpy as np
import pytest

from harness.contracts import BadInput
from harness.media.audio import open_sound, read_audio
from harness.media.video import probe, read_frames, write_mp4


def pattern(count, height=48, width=64):
    """Frames that differ: a bright column moves over a gradient."""
    for t in range(count):
        frame = np.tile(np.linspace(0, 200, width, dtype=np.uint8), (height, 1))
        frame = np.dstack([frame, np.full_like(frame, 5 * t % 256), frame[:, ::-1]])
        frame[:, 2 * t % width] = 255
        yield frame


def tone(seconds, hertz=440, rate=16_000):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


@pytest.mark.parametrize("fps", [25, Fraction(30000, 1001), 24])
def test_round_trip_keeps_rate_count_and_pictures(tmp_path, fps):
    path = tmp_path / "a.mp4"
    frames = list(pattern(20))
    write_mp4(path, frames, fps, crf=4)
    info = probe(path)
    assert info.fps_exact == Fraction(fps)
    assert (info.count, info.height, info.width) == (20, 48, 64)
    assert info.codec == "h264"
    assert info.pixel_format == "yuv420p"
    assert not info.has_audio
    assert not info.variable_frame_rate
    assert info.duration == pytest.approx(20 / float(fps))
    read = list(read_frames(path))
    assert len(read) == 20
    for wrote, got in zip(frames, read, strict=True):
        assert got.dtype == np.uint8
        # Chroma is stored at half resolution, so only smooth parts can agree closely.
        assert np.median(np.abs(wrote.astype(int) - got)) <= 4
    moved = [np.abs(a.astype(int) - b).mean() for a, b in zip(read, frames[1:], strict=False)]
    assert min(moved) > 2, "frame t must not be frame t+1"


def test_sound_lasts_as_long_and_starts_with_the_picture(tmp_path):
    path = tmp_path / "a.mp4"
    sound = tone(2.0)
    write_mp4(path, pattern(50), 25, audio=sound)
    assert probe(path).has_audio
    heard = read_audio(path)
    assert abs(len(heard) - 32_000) <= 1024
    assert abs(open_sound(path).delay) < 0.04
    lag = np.argmax(np.correlate(heard[4000:12000], sound[4000:11000], "valid"))
    assert lag % round(16_000 / 440) <= 2  # in phase, up to whole periods


def test_odd_sizes_gain_a_repeated_line(tmp_path):
    path = tmp_path / "a.mp4"
    write_mp4(path, pattern(3, 47, 63), 25)
    assert (probe(path).height, probe(path).width) == (48, 64)


def test_a_failing_source_leaves_nothing(tmp_path):
    def broken():
        yield from pattern(3)
        raise RuntimeError("renderer failed")

    with pytest.raises(RuntimeError, match="renderer"):
        write_mp4(tmp_path / "a.mp4", broken(), 25)
    with pytest.raises(ValueError, match="at least one frame"):
        write_mp4(tmp_path / "b.mp4", [], 25)
    with pytest.raises(ValueError, match="uint8"):
        write_mp4(tmp_path / "c.mp4", [np.zeros((8, 8, 3)), np.zeros((8, 8, 3))], 25)
    assert list(tmp_path.iterdir()) == []


def test_missing_empty_and_foreign_files(tmp_path):
    with pytest.raises(BadInput, match="it is a folder"):
        probe(tmp_path)
    with pytest.raises(BadInput, match="no such file"):
        probe(tmp_path / "none.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(BadInput, match="empty"):
        probe(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("this is not a video " * 100)
    with pytest.raises(BadInput, match=r"not a readable media file|truncated"):
        probe(tmp_path / "text.mp4")


def test_sound_alone_is_no_video(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.wav", tone(0.5), 16_000)
    with pytest.raises(BadInput, match="no video stream"):
        probe(tmp_path / "a.wav")


@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
@pytest.mark.parametrize("faststart", [False, True])
def test_truncated_files_are_refused(tmp_path, share, faststart):
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(whole), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        noise = np.random.default_rng(0)
        for _ in range(40):
            frame = noise.integers(0, 255, (48, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode(None))
    assert len(list(read_frames(whole))) == 40
    data = whole.read_bytes()
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadInput, match=r"truncated|cut short|damaged"):
        list(read_frames(cut))


def test_variable_frame_rate(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for t, frame in enumerate(pattern(30)):
            picture = av.VideoFrame.from_ndarray(frame)
            picture.time_base = Fraction(1, 1000)
            picture.pts = 40 * t + (400 if t > 15 else 0)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    assert probe(path).variable_frame_rate
    with pytest.raises(BadInput, match="frame rate varies"):
        next(read_frames(path))


def test_millisecond_stamps_are_no_variation(tmp_path):
    path = tmp_path / "a.mkv"  # Matroska rounds 1/30 s to 33 and 34 ms
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in pattern(40):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode(None))
    info = probe(path)
    assert not info.variable_frame_rate
    assert info.fps_exact == 30
    assert len(list(read_frames(path))) == 40


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "fps", "count"),
    [
        ("obama_20s.mp4", Fraction(25), 500),
        ("no_talking_face.mp4", Fraction(2997, 100), 275),
        ("grid/bbaf2n.mpg", Fraction(25), 75),
    ],
)
def test_real_files(assets, name, fps, count):
    info = probe(assets / "video" / name)
    assert info.fps_exact == fps
    assert info.count == count
    assert info.has_audio
    assert not info.variable_frame_rate
    assert sum(1 for _ in read_frames(assets / "video" / name)) == count
