"""Counts and times are those of what is decoded, with the time stamps that files carry."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from harness.contracts import BadInput
from harness.media.audio import open_sound, read_audio
from harness.media.video import check_frames, exact_rate, probe, read_frames
from tests.harness.media.encoded import encode, frames


def click(seconds, at, rate=16_000):
    sound = np.zeros(round(seconds * rate), np.float32)
    sound[round(at * rate) : round(at * rate) + 40] = 0.8
    return sound


def click_of(samples, rate=16_000):
    return float(np.argmax(np.abs(samples) > 0.2)) / rate


def test_missing_packets_of_sound_are_silence_and_said(tmp_path):
    sound = click(6.0, 5.0)
    path = encode(tmp_path / "a.mkv", frames(150), sound=sound,
                  sound_stamps=lambda i, at: None if 200 <= i < 230 else at)  # fmt: skip
    found = open_sound(path)
    assert click_of(read_audio(path)) == pytest.approx(5.0, abs=0.01)
    assert len(found.samples) == len(sound)
    assert found.notes == (
        f"{path}: 0.300 s of its sound are missing; there is silence in their place.",
    )
    assert open_sound(encode(tmp_path / "b.mkv", frames(150), sound=sound)).notes == ()


def test_sound_that_overlaps_is_left_out_and_said(tmp_path):
    # Packets of 10 ms, each 9 ms after the one before it.
    path = encode(tmp_path / "a.mkv", frames(150), sound=click(6.0, 5.0),
                  sound_stamps=lambda i, at: round(at * 0.9))  # fmt: skip
    found = open_sound(path)
    assert click_of(read_audio(path)) == pytest.approx(4.5, abs=0.02)
    assert "s of its sound overlap and were left out" in found.notes[0]


def test_stamps_rounded_to_milliseconds_are_no_gaps(tmp_path):
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 44_100 * 3).astype(np.float32)
    path = encode(tmp_path / "a.mkv", frames(75), sound=sound, rate=44_100)
    found = open_sound(path)
    assert found.notes == ()
    assert np.abs(found.samples - sound).max() < 1e-4


def test_sound_is_placed_by_the_first_frame_that_is_decoded(tmp_path):
    path = encode(tmp_path / "a.mkv", frames(50), stamps=range(10, 60), sound=click(2.4, 1.0))
    assert open_sound(path).delay == pytest.approx(-0.4, abs=0.002)
    assert click_of(read_audio(path)) == pytest.approx(0.6, abs=0.01)


def test_dropped_frames_are_named(tmp_path):
    stamps = [t for t in range(103) if t not in (40, 41, 70)]
    info = probe(encode(tmp_path / "a.mkv", frames(100), stamps=stamps))
    assert (info.count, info.fps_exact, info.missing) == (100, 25, (40, 41, 70))
    with pytest.raises(BadInput, match=r"3 frames were dropped .* \(at 40, 41, 70 of 103\)"):
        next(read_frames(tmp_path / "a.mkv"))


def test_an_edit_list_shows_a_part_of_what_is_stored(tmp_path):
    encode(tmp_path / "a.mp4", frames(70), codec="libx264", pixels="yuv420p",
           options={"g": "200", "bf": "0", "qp": "4"})  # fmt: skip
    with av.open(str(tmp_path / "a.mp4")) as source, av.open(str(tmp_path / "b.mp4"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        step = int(Fraction(35, 25) / source.streams.video[0].time_base)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - step, packet.dts - step, stream
                out.mux(packet)
    info = probe(tmp_path / "b.mp4")
    assert (info.count, info.fps_exact, info.variable_frame_rate) == (35, 25, False)
    first = next(read_frames(tmp_path / "b.mp4"))
    assert abs(int(first[-1, -1, 0]) - (40 + 3 * 35)) <= 3


def test_frames_that_change_size_are_refused(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("mjpeg", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        for t in range(10):
            codec = av.CodecContext.create("mjpeg", "w")
            codec.width, codec.height = (64, 48) if t < 6 else (80, 48)
            codec.pix_fmt, codec.time_base = "yuvj420p", Fraction(1, 25)
            frame = av.VideoFrame.from_ndarray(frames(1, 48, codec.width)[0], format="rgb24")
            frame.pts, frame.time_base = t, Fraction(1, 25)
            for packet in codec.encode(frame.reformat(format="yuvj420p")):
                packet.stream, packet.pts, packet.dts = stream, t, t
                packet.time_base = Fraction(1, 25)
                out.mux(packet)
    with pytest.raises(BadInput, match="change from 64x48 to 80x48 pixels at frame 6"):
        probe(tmp_path / "a.mkv")


def test_the_stream_that_is_marked_as_default_is_read(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        streams = []
        for level in (10, 200):
            stream = out.add_stream("ffv1", rate=25)
            stream.height, stream.width, stream.pix_fmt = 48, 64, "bgr0"
            stream.disposition = Disposition.default if level == 200 else Disposition(0)
            streams.append((stream, np.full((48, 64, 3), level, np.uint8)))
        for t in range(5):
            for stream, picture in streams:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = t, Fraction(1, 25)
                out.mux(stream.encode(frame))
        for stream, _ in streams:
            out.mux(stream.encode(None))
    assert next(read_frames(tmp_path / "a.mkv"))[0, 0, 0] == 200


def test_damage_is_refused_or_changes_no_count(tmp_path):
    """Bytes of a video are overwritten while its sound is whole."""
    whole = encode(tmp_path / "a.mkv", frames(50), codec="libx264", pixels="yuv420p",
                   options={"g": "10"}, sound=click(2.0, 1.0)).read_bytes()  # fmt: skip
    rng, taken = np.random.default_rng(0), []
    for _ in range(80):
        content = bytearray(whole)
        start, length = rng.integers(300, len(whole) - 900), int(rng.integers(1, 600))
        content[start : start + length] = rng.bytes(length)
        (tmp_path / "b.mkv").write_bytes(content)
        try:
            info = probe(tmp_path / "b.mkv")
            check_frames(tmp_path / "b.mkv", info)
        except BadInput:
            continue
        # What is damaged at the very beginning begins later, and its sound with it.
        late = round(info.start * 25)
        assert info.count + late == 50
        assert not late or "after its sound begins" in open_sound(tmp_path / "b.mkv").notes[-1]
        taken.append(late)
    assert 0 in taken


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(1199, 50)),
        (59.94, Fraction(60000, 1001)),
        (25.0, Fraction(25)),
        (12.5, Fraction(25, 2)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
    ],
)
def test_rates_as_people_write_them(written, exact):
    assert exact_rate(written) == exact
