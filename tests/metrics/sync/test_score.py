import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.sync.score import (
    mfcc,
    mfcc_windows,
    score,
    shifted_distances,
    window_count,
)


def stream(seed, n=60, d=64):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_equal_streams_are_in_time_and_at_the_eps_distance():
    scored = score(stream(0, 60, 1024), stream(0, 60, 1024))
    assert scored.offset == 0
    assert scored.distance == pytest.approx(1e-6 * np.sqrt(1024), rel=1e-6)


@pytest.mark.parametrize("k", [-7, -3, 0, 1, 12])
def test_rolled_sound_is_found_at_its_shift(k):
    lips = stream(1, 200)
    assert score(lips, np.roll(lips, k, 0)).offset == -k


def test_sound_that_comes_three_frames_late_has_offset_minus_three():
    lips = stream(2, 100)
    sound = np.concatenate([np.zeros((3, 64)), lips[:-3]])
    assert score(lips, sound).offset == -3


def test_silent_embedding_has_no_confidence():
    lips = stream(3)
    scored = score(lips, np.zeros_like(lips))
    assert scored.confidence == pytest.approx(0, abs=1e-12)
    assert scored.distance == pytest.approx(np.linalg.norm(lips + 1e-6, axis=1).mean())


@pytest.mark.parametrize("seed", range(4))
def test_unrelated_streams_score_best_at_the_edge_and_not_zero(seed):
    # The zero rows are nearer than any other's sound: the bias of which the window count warns.
    scored = score(stream(2 * seed, 60, 1024), stream(2 * seed + 1, 60, 1024))
    assert abs(scored.offset) >= 14
    assert 1.2 < scored.confidence < 2.0
    longer = score(stream(2 * seed, 600, 1024), stream(2 * seed + 1, 600, 1024))
    assert longer.confidence < 0.3 * scored.confidence


def test_distances_are_torch_pairwise_distances_of_the_padded_sound():
    lips, sound = stream(4), stream(5)
    padded = torch.nn.functional.pad(torch.tensor(sound), (0, 0, 15, 15))
    expected = [
        torch.nn.functional.pairwise_distance(
            torch.tensor(lips[i]).expand(31, -1), padded[i : i + 31]
        )
        for i in range(len(lips))
    ]
    np.testing.assert_allclose(shifted_distances(lips, sound), torch.stack(expected), rtol=1e-12)
    curve = torch.stack(expected, 1).mean(1)
    scored = score(lips, sound)
    assert scored.confidence == pytest.approx((curve.median() - curve.min()).item())
    assert scored.distance == pytest.approx(curve.min().item())
    assert scored.offset == 15 - int(curve.argmin())


def test_items_average_to_the_values():
    scored = score(stream(4), stream(5))
    assert scored.distances.mean() == pytest.approx(scored.distance)
    assert (np.median(scored.curve) - scored.distances).mean() == pytest.approx(scored.confidence)


def test_unseen_windows_count_for_nothing():
    lips, sound = stream(6), stream(7)
    blind = lips.copy()
    blind[10:20] = np.nan
    keep = np.r_[0:10, 20:60]
    scored = score(blind, sound)
    assert scored.windows == 50
    np.testing.assert_allclose(scored.curve, shifted_distances(lips, sound)[keep].mean(0))
    assert np.isnan(scored.distances[10:20]).all()
    with pytest.raises(ValueError, match="no window"):
        score(np.full_like(lips, np.nan), sound)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(32, 80))
def test_confidence_is_never_negative(seed, n):
    scored = score(stream(seed, n), stream(seed + 1, n))
    assert scored.confidence >= 0
    assert -15 <= scored.offset <= 15


@pytest.mark.parametrize(
    ("frames", "samples", "expected"),
    [(100, 64_000, 95), (100, 63_999, 94), (90, 64_000, 85), (5, 64_000, 0), (3, 0, 0)],
)
def test_one_window_fewer_than_fits(frames, samples, expected):
    assert window_count(frames, samples) == expected


def test_every_window_has_its_twenty_columns():
    for samples in (640 * 40, 640 * 40 + 639):
        columns = mfcc(np.zeros(samples, np.float32))
        count = window_count(100, samples)
        windows = mfcc_windows(columns, count)
        assert windows.shape == (count, 1, 13, 20)
        np.testing.assert_array_equal(
            windows[-1, 0], columns[:, (count - 1) * 4 :][:, :20].astype("f4")
        )


def test_sound_is_taken_as_sixteen_bit_integers():
    from python_speech_features import mfcc as reference

    rng = np.random.default_rng(0)
    pcm = rng.integers(-20_000, 20_000, 16_000).astype(np.int16)
    audio = (pcm / 32768.0).astype(np.float32)
    np.testing.assert_allclose(mfcc(audio), reference(pcm, 16_000).T, atol=1e-9)
    shift = mfcc(audio) - reference(audio, 16_000).T
    np.testing.assert_allclose(shift[0], 2 * np.log(32768), atol=1e-3)
    np.testing.assert_allclose(shift[1:], 0, atol=1e-3)


def test_full_scale_does_not_wrap():
    loud = mfcc(np.ones(16_000, np.float32) * np.sign(np.sin(np.arange(16_000) / 9)).astype("f4"))
    assert np.isfinite(loud).all()
