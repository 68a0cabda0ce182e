import numpy as np
import pytest

from harness.contracts import AudioFeatures, BadInput
from methods.speech.windows import (
    BANDS,
    WINDOW,
    LogMelStatistics,
    audio_windows,
    check_windows,
    frame_window,
)


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    rng = np.random.default_rng(0)
    loudness = np.repeat(rng.uniform(0.01, 0.5, 20), 1600)
    return (loudness * rng.standard_normal(32000)).astype(np.float32)


@pytest.mark.parametrize(("fps", "count"), [(25.0, 50), (30.0, 60), (25.0, 70)])
def test_shape_and_finite(audio, fps, count):
    windows = audio_windows(audio, fps, count)
    assert windows.shape == (count, WINDOW, BANDS)
    assert windows.dtype == np.float32
    assert np.isfinite(windows).all()


def test_neighbouring_frames_share_their_steps_at_25_fps(audio):
    # Two steps of 20 ms lie between two frames of 40 ms.
    windows = audio_windows(audio, 25.0, 50)
    np.testing.assert_array_equal(windows[1:, :-2], windows[:-1, 2:])


def test_window_is_centred_on_its_frame():
    audio = np.zeros(32000, np.float32)
    audio[16000:16032] = 0.5  # a click at 1.0 s, frame 25
    windows = audio_windows(audio, 25.0, 50)
    level = windows.sum(2)
    assert level[25].argmax() in (7, 8)
    assert np.ptp(level[10]) == 0  # 0.6 s away: silence


def test_statistics_of_training_are_used_for_new_sound(audio):
    statistics = LogMelStatistics.of(audio)
    whole = audio_windows(audio, 25.0, 50, statistics)
    quiet = audio_windows(audio * 0.1, 25.0, 50, statistics)
    # -20 dB in every band, in units of that band's deviation.
    drop = (whole - quiet)[20, 8] * statistics.std
    np.testing.assert_allclose(drop, 20.0, atol=1e-2)
    inside = whole[8:-8].reshape(-1, BANDS)
    assert np.abs(inside.mean(0)).max() < 0.3


def test_frame_window_pads_with_zeros():
    windows = np.arange(6 * 16 * 29, dtype=np.float32).reshape(6, 16, 29) + 1
    start, middle, end = (frame_window(windows, t) for t in (0, 4, 5))
    assert start.shape == (8, 29, 16)
    assert not start[:4].any()
    np.testing.assert_array_equal(start[4], windows[0].T)
    np.testing.assert_array_equal(middle[:6], windows[:6].transpose(0, 2, 1))
    assert not middle[6:].any()
    np.testing.assert_array_equal(end[4], windows[5].T)
    assert not end[5:].any()


@pytest.mark.parametrize("shape", [(9, 16, 29), (10, 29, 16)])
def test_given_features_of_wrong_shape_are_refused(shape):
    with pytest.raises(BadInput, match="deepspeech"):
        check_windows(AudioFeatures(np.zeros(shape), "deepspeech"), 10, "clip")


def test_given_features_that_are_not_finite_are_refused():
    with pytest.raises(BadInput, match="finite"):
        check_windows(AudioFeatures(np.full((3, 16, 29), np.nan), "deepspeech"), 3, "clip")
