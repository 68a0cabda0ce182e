import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contracts import BadInput
from harness.media.audio import open_sound, read_audio, resample, write_wav
from harness.media.video import write_mp4


def sine(hertz, rate, seconds=0.5):
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


@given(
    source=st.sampled_from([8000, 22050, 44100, 48000]),
    hertz=st.integers(100, 3000),
)
@settings(max_examples=20, deadline=None)
def test_resampling_keeps_a_sine(source, hertz):
    got = resample(sine(hertz, source), source, 16_000)
    want = sine(hertz, 16_000)
    middle = slice(500, 7000)
    assert np.abs(got[middle] - want[middle]).max() < 0.02


def test_resampling_removes_what_the_new_rate_cannot_hold():
    got = resample(sine(11_000, 48_000), 48_000, 16_000)
    assert np.abs(got[500:-500]).max() < 0.01


def test_wav_round_trip(tmp_path):
    samples = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    write_wav(tmp_path / "a.wav", samples)
    got = read_audio(tmp_path / "a.wav")
    assert got.dtype == np.float32
    assert np.abs(got - samples).max() < 1 / 32000
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_channels_are_averaged(tmp_path):
    left, right = sine(300, 16_000), np.zeros(8000)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    assert np.abs(read_audio(tmp_path / "a.wav") - left / 2).max() < 1e-6


def test_refusals(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_audio(tmp_path / "none.wav")
    (tmp_path / "a.wav").write_bytes(b"RIFFnothing")
    with pytest.raises(BadInput, match="not a readable media file"):
        read_audio(tmp_path / "a.wav")
    write_mp4(tmp_path / "silent.mp4", np.zeros((5, 16, 16, 3), np.uint8), 25)
    with pytest.raises(BadInput, match="no audio track"):
        read_audio(tmp_path / "silent.mp4")
    broken = np.full(100, np.nan)
    soundfile.write(tmp_path / "nan.wav", broken, 16_000, subtype="FLOAT")
    with pytest.raises(BadInput, match="not-a-number"):
        read_audio(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 16_000)
    with pytest.raises(BadInput, match="no samples"):
        read_audio(tmp_path / "zero.wav")


@pytest.mark.shared
def test_sound_before_the_first_picture_is_left_out(assets):
    path = assets / "video" / "no_talking_face.mp4"
    delay = open_sound(path).delay
    assert delay == pytest.approx(353 / 44100 - 10214 / 11988, abs=1e-3)
    assert len(read_audio(path)) == pytest.approx(16_000 * (10.0079 + delay), rel=0.01)


@pytest.mark.shared
def test_real_sound(assets):
    heard = read_audio(assets / "video" / "obama_20s.mp4")
    assert abs(len(heard) - 320_000) <= 640
    assert 0.1 < np.abs(heard).max() <= 1


def wav(path, samples, size=None, **options):
    """A WAV file at 16 kHz; `size` replaces the bytes that its data chunk claims."""
    soundfile.write(path, samples, 16_000, **options)
    if size is not None:
        content = bytearray(path.read_bytes())
        at = content.index(b"data") + 4
        content[at : at + 4] = size.to_bytes(4, "little")
        path.write_bytes(content)
    return path


def test_a_wav_file_that_ends_early_is_refused_and_a_streamed_one_is_read(tmp_path):
    tone = 0.3 * np.sin(np.arange(8000) / 9)
    cut = wav(tmp_path / "cut.wav", tone)
    cut.write_bytes(cut.read_bytes()[:10_000])
    with pytest.raises(BadInput, match=r"its sound is cut short: 6044 bytes are missing"):
        open_sound(cut)
    for size in (0xFFFFFFFF, 0x7FFFF000):  # what FFmpeg and SoX write into a pipe
        assert len(read_audio(wav(tmp_path / "streamed.wav", tone, size))) == 8000


def test_channels_that_cancel_each_other_out_are_reported(tmp_path):
    tone = 0.3 * np.sin(np.arange(8000) / 9)
    opposed = open_sound(wav(tmp_path / "a.wav", np.stack([tone, -tone], 1)))
    assert "cancel each other out" in opposed.notes[0]
    for other in (tone, 0 * tone, np.roll(tone, 7)):
        assert open_sound(wav(tmp_path / "b.wav", np.stack([tone, other], 1))).notes == ()
    assert open_sound(wav(tmp_path / "c.wav", 0 * tone)).notes == ()


def test_clipping_of_floating_point_sound_is_reported(tmp_path):
    tone = np.sin(np.arange(8000) / 9)
    loud = open_sound(wav(tmp_path / "a.wav", 2 * tone, subtype="FLOAT"))
    assert "of its samples are beyond [-1, 1] (to 2.00) and are clipped" in loud.notes[0]
    assert np.abs(loud.at(16_000)).max() == 1
    assert open_sound(wav(tmp_path / "b.wav", tone, subtype="FLOAT")).notes == ()
