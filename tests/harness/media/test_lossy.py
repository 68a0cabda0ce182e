import numpy as np
import pytest

from harness.media.lossy import (
    JpegSeries,
    Lossless,
    OpenCvXvid,
    RecodedAvi,
    build,
    filled,
    pictures,
    sound_of,
    to_int16,
    to_rgb,
    to_yuv,
)


def clip(count=20, height=48, width=64):
    y, x = np.mgrid[:height, :width] / height
    waves = [127 + 90 * np.sin(5 * x + 4 * y + k) for k in range(3)]
    still = np.stack(waves, -1)
    return np.stack([np.clip(still + 4 * k, 0, 255) for k in range(count)]).astype(np.uint8)


def tone(count=20):
    t = np.arange(count * 640) / 16_000
    return (0.3 * np.sin(2 * np.pi * (300 + 400 * t) * t)).astype(np.float32)


@pytest.fixture(scope="module")
def recoded(tmp_path_factory):
    path = tmp_path_factory.mktemp("lossy") / "clip.avi"
    file = RecodedAvi(path, 48, 64, tone())
    for frame in clip():
        file.push(frame)
    file.close()
    return path


def test_frames_put_aside_come_back_bit_for_bit(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (7, 33, 51, 3), dtype=np.uint8)
    file = Lossless(tmp_path / "x.mkv", 33, 51)
    for frame in frames:
        file.push(frame)
    file.close()
    found = np.stack([to_rgb(p) for p in pictures(tmp_path / "x.mkv")])
    np.testing.assert_array_equal(found, frames)


def test_recoded_pictures_are_lossy_but_alike(recoded):
    found = np.stack([to_rgb(p) for p in pictures(recoded)]).astype(int)
    assert len(found) == 20
    gap = np.abs(found - clip())
    assert 0 < gap.mean() < 4


def test_the_muxer_makes_room_for_the_delay_of_the_sound(recoded):
    # 1105 samples of LAME's delay at 16 kHz are 1.7 frames: two repeated ones, as ffmpeg has it.
    assert [round(p.pts) for p in pictures(recoded)][:3] == [0, 3, 4]
    shown = [to_rgb(p).mean() for p in filled(pictures(recoded))]
    stored = [to_rgb(p).mean() for p in pictures(recoded)]
    assert shown == [stored[0]] * 2 + [stored[1]] * 2 + stored[2:]


def test_the_sound_comes_late_by_the_delay(recoded):
    pcm = tone()
    found = sound_of(recoded) / 32768.0
    assert found.shape[0] >= len(pcm) + 1105
    lags = range(1000, 1200)
    match = [np.dot(found[k : k + len(pcm)], pcm) for k in lags]
    assert lags[int(np.argmax(match))] == 1105
    late = found[1105 : 1105 + len(pcm)]
    assert np.corrcoef(late[1000:-1000], pcm[1000:-1000])[0, 1] > 0.99


def test_a_series_of_jpegs_keeps_size_and_content():
    fine, coarse = JpegSeries(2), JpegSeries()
    for frame in clip(6):
        a, b = fine(to_yuv(frame)), coarse(to_yuv(frame))
        assert a.shape == b.shape == frame.shape
        assert a.dtype == np.uint8
        assert np.abs(a.astype(int) - frame).mean() < 4


def test_the_default_quality_depends_on_what_came_before():
    noise = np.random.default_rng(1).integers(0, 256, (12, 224, 224, 3), dtype=np.uint8)
    series = JpegSeries()
    first = series(to_yuv(noise[0]))
    again = [series(to_yuv(noise[0])) for _ in range(8)][-1]
    gap = [np.abs(v.astype(int) - noise[0]).mean() for v in (first, again)]
    assert gap[1] > gap[0]  # the rate is used up
    fixed = JpegSeries(2)
    np.testing.assert_array_equal(fixed(to_yuv(noise[0])), fixed(to_yuv(noise[0])))


def test_the_crop_file_keeps_every_frame_in_order(tmp_path):
    file = OpenCvXvid(tmp_path / "x.avi", 64)
    frames = clip(30, 64, 64)
    for frame in frames:
        file.push(frame)
    file.close()
    found = np.stack([to_rgb(p) for p in pictures(tmp_path / "x.avi")]).astype(int)
    assert found.shape == frames.shape
    assert np.abs(found - frames).mean() < 6


def test_two_runs_give_the_same_bits(recoded, tmp_path):
    file = RecodedAvi(tmp_path / "again.avi", 48, 64, tone())
    for frame in clip():
        file.push(frame)
    file.close()
    assert (tmp_path / "again.avi").read_bytes() == recoded.read_bytes()


def test_samples_outside_the_range_are_cut():
    assert to_int16(np.array([-2.0, -1, 0, 0.5, 1, 3])).tolist() == [
        -32768,
        -32768,
        0,
        16384,
        32767,
        32767,
    ]


def test_the_build_is_named():
    assert {"av", "libavcodec", "libavformat", "libswscale"} <= set(build())
