import numpy as np
import pytest
import scipy.fft

from methods.ua3dtalk.priors.emotion.features import speech_inputs as inputs_of


def speech_inputs(audio, fps, count, levels=None):
    (inputs,) = inputs_of([audio], fps, [count], levels)
    return inputs


def tone(seconds: float, hertz: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(16000 * seconds)) / 16000)).astype("f4")


@pytest.mark.parametrize(("fps", "count"), [(25.0, 100), (30.0, 120), (25.0, 1)])
def test_windows_of_every_frame_are_whole(fps, count):
    inputs = speech_inputs(tone(4, 300), fps, count)
    for frame in {0, count // 2, count - 1}:
        spectrum, mfcc, wave = inputs.window(frame)
        assert spectrum.shape == (300, 200)
        assert mfcc.shape == (300, 40)
        assert wave.shape == (48000,)
        assert np.isfinite(spectrum).all()
        assert np.abs(spectrum).max() <= 1


def test_a_window_is_centred_on_its_frame():
    audio = np.zeros(80000, np.float32)
    audio[32000:32160] = 0.5  # at 2.0 s, frame 50
    spectrum, _, wave = speech_inputs(audio, 25.0, 125).window(50)
    assert abs(int(np.abs(wave).argmax()) - 24000) <= 160
    loud = np.flatnonzero(spectrum.max(1) > -0.5)
    assert abs(loud.mean() - 150.5) <= 2
    spectrum, _, wave = speech_inputs(audio, 25.0, 125).window(100)  # 2 s later: outside
    assert not wave.any()
    assert (spectrum == -1).all()


def test_a_tone_stands_in_its_bin():
    spectrum, _, _ = speech_inputs(tone(4, 1000), 25.0, 100).window(50)
    assert spectrum[150].argmax() == 50  # 20 Hz a bin
    assert spectrum[150, 50] == pytest.approx(1.0, abs=0.02)


def test_mfcc_are_the_cepstrum_of_the_levels_at_unit_length():
    rng = np.random.default_rng(0)
    inputs = speech_inputs((0.1 * rng.standard_normal(48000)).astype("f4"), 25.0, 75)
    np.testing.assert_allclose(np.linalg.norm(inputs.mfcc, axis=1), 1.0, atol=1e-5)
    # Silence is the floor in every band: all of it in the first coefficient.
    _, silence, _ = speech_inputs(np.zeros(16000, np.float32), 25.0, 25, inputs.levels).window(0)
    floor = scipy.fft.dct(np.full(128, -40.0), norm="ortho")[:40]
    np.testing.assert_allclose(silence[0], floor / np.linalg.norm(floor), atol=1e-6)


def test_sequences_share_the_loudest_level_and_no_sound():
    loud, quiet = tone(4, 500), 0.1 * tone(2, 300)
    alone = speech_inputs(loud, 25.0, 100)
    first, second = inputs_of([loud, quiet], 25.0, [100, 50])
    assert first.levels == second.levels == alone.levels
    np.testing.assert_array_equal(first.spectrum, alone.spectrum)
    own = speech_inputs(quiet, 25.0, 50, alone.levels)
    for mine, theirs in zip(second.window(0), own.window(0), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_quiet_sequence_stays_quiet_at_the_levels_of_training():
    training = speech_inputs(tone(4, 500), 25.0, 100)
    quiet = speech_inputs(0.01 * tone(4, 500), 25.0, 100, training.levels)
    drop = training.window(50)[0][150].max() - quiet.window(50)[0][150].max()
    assert drop == pytest.approx(1.0, abs=0.02)  # 40 dB of an 80 dB range from -1 to 1
