from pathlib import Path

import numpy as np
import pytest

from methods.speech.mel import (
    frame_mels,
    mel_chunks,
    mel_filterbank,
    melspectrogram,
    stft_magnitude,
)


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).with_name("mel_golden.npz")) as stored:
        return dict(stored)


def test_filterbanks_equal_librosa(golden):
    np.testing.assert_allclose(mel_filterbank(800, 80, 55.0, 7600.0), golden["bank"], atol=1e-7)
    htk = mel_filterbank(2048, 128, 0.0, 8000.0, scale="htk")
    np.testing.assert_allclose(htk[::16], golden["htk_rows"], atol=1e-7)


def test_unnormalised_filters_of_neighbours_sum_to_one():
    bank = mel_filterbank(4096, 20, 100.0, 7000.0, norm=None)
    bins = np.arange(2049) * 16000 / 4096
    peaks = bins[bank.argmax(1)]
    inside = (bins > peaks[0]) & (bins < peaks[-1])
    np.testing.assert_allclose(bank[:, inside].sum(0), 1.0, atol=0.03)


def test_spectrograms_equal_librosa(golden):
    mel = melspectrogram(golden["audio"])
    assert mel.shape == (80, 1 + len(golden["audio"]) // 200)
    np.testing.assert_allclose(mel, golden["mel"], atol=2e-4)
    hamming = stft_magnitude(golden["audio"], 800, 160, 640, "hamming", "constant")
    np.testing.assert_allclose(hamming[:200, ::6], golden["hamming"], atol=1e-4)


def test_range_and_silence():
    assert (melspectrogram(np.zeros(3200, np.float32)) == -4).all()
    loud = melspectrogram(np.random.default_rng(0).uniform(-1, 1, 3200).astype(np.float32))
    assert np.abs(loud).max() <= 4
    assert loud.max() > 1
    assert melspectrogram(np.zeros(10, np.float32)).shape == (80, 1)


@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_chunks_start_where_wav2lip_starts_them(fps):
    mel = np.tile(np.arange(100, dtype=np.float32), (80, 1))
    chunks = mel_chunks(mel, fps, 40)
    assert chunks.shape == (40, 80, 16)
    for i in (0, 1, 7, 20):
        start = int(80.0 * i / fps)
        np.testing.assert_array_equal(chunks[i, 0], np.arange(start, start + 16))
    assert chunks[39].max() == 99  # past the end, the last column is repeated


def test_frame_levels_are_exact_box_averages():
    # Level k in column k: the mean over a frame is the frame's time in columns.
    mel = np.tile(np.arange(200, dtype=np.float64), (80, 1))
    made = frame_mels(mel, 30.0, 50, 1)
    assert made.shape == (50, 80)
    fine = (np.arange(50)[:, None] + (np.arange(1000) + 0.5) / 1000 - 0.5) * 80 / 30
    expected = np.rint(fine).clip(0).mean(1)
    np.testing.assert_allclose(made[1:, 0], expected[1:], atol=2e-3)
    halves = frame_mels(mel, 30.0, 50, 2).reshape(50, 2, 80)
    np.testing.assert_allclose(halves[1:].mean(1), made[1:], atol=1e-5)


def test_frames_past_the_sound_repeat_its_end():
    mel = np.random.default_rng(0).uniform(-4, 4, (80, 20))
    made = frame_mels(mel, 25.0, 12, 2)
    np.testing.assert_allclose(made[-1, :80], mel[:, -1], atol=1e-6)
