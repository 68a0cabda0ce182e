import numpy as np
import pytest

from harness.contracts import EMOTIONS
from splits.synthetic.controls import ACTION_UNITS, CONTROLS
from splits.synthetic.performance import Block, perform
from splits.synthetic.prosody import Speaker
from splits.synthetic.schedule import tour

FPS = 25.0
MEN = Speaker()


@pytest.fixture(scope="module")
def acted():
    return perform(5, tour(5, 500, 50, FPS), MEN, FPS)


def _control(acted, name):
    return acted.controls[:, CONTROLS.index(name)]


def test_shapes_and_ranges(acted):
    assert acted.controls.shape == (550, len(CONTROLS))
    assert acted.pose.shape == (550, 6)
    assert acted.audio.shape == (550 * 640,)
    assert acted.audio.dtype == np.float32
    units = acted.controls[:, : len(ACTION_UNITS)]
    assert units.min() >= 0.0
    assert units.max() <= 5.0
    assert 0.0 <= _control(acted, "jaw").min() <= _control(acted, "jaw").max() <= 25.0
    assert set(acted.intensity.tolist()) == {1, 2, 3}
    assert set(acted.labels.tolist()) == set(range(len(EMOTIONS)))


def test_same_seed_acts_the_same_and_another_differs(acted):
    again = perform(5, tour(5, 500, 50, FPS), MEN, FPS)
    np.testing.assert_array_equal(acted.audio, again.audio)
    np.testing.assert_array_equal(acted.controls, again.controls)
    np.testing.assert_array_equal(acted.pose, again.pose)
    other = perform(6, tour(5, 500, 50, FPS), MEN, FPS)
    assert [s.symbol for s in other.segments] != [s.symbol for s in acted.segments]


def _peak_lag(sound: np.ndarray, mouth: np.ndarray, reach: int = 6) -> int:
    lags = range(-reach, reach + 1)
    inner = slice(reach, -reach)
    return max(lags, key=lambda k: np.corrcoef(sound[inner], np.roll(mouth, k)[inner])[0, 1])


@pytest.mark.parametrize("name", ["jaw", "AU25"])
def test_lips_move_with_the_sound(acted, name):
    loudness = np.log(np.sqrt((acted.audio.reshape(550, 640) ** 2).mean(axis=1)) + 1e-3)
    mouth = _control(acted, name)
    assert abs(_peak_lag(loudness, mouth)) <= 1
    aligned = np.corrcoef(loudness, mouth)[0, 1]
    assert aligned > 0.4
    # The test can fail: lips that come 200 ms late are found out.
    assert abs(_peak_lag(loudness, np.roll(mouth, 5))) >= 4


def test_lips_are_closed_in_the_middle_of_every_bilabial(acted):
    frames = [
        int(0.5 * sum(s.closure) * FPS) for s in acted.segments if s.symbol in ("p", "b", "m")
    ]
    assert len(frames) > 8
    assert _control(acted, "AU25")[frames].max() < 0.2
    for name in ("AU10", "AU22", "AU26"):
        assert _control(acted, name)[frames].max() < 0.2
    assert _control(acted, "jaw")[frames].max() < 0.8
    assert _control(acted, "AU24")[frames].min() > 2.0


def test_voiceless_closures_are_silent_and_lips_open_after_the_burst(acted):
    for segment in acted.segments:
        if segment.symbol != "p":
            continue
        start, end = segment.closure
        # The formants ring on for a moment after the lips have met.
        shut = acted.audio[round((start + 0.6 * (end - start)) * 16000) : round(end * 16000) - 48]
        assert np.abs(shut).max() < 0.02


def test_phonemes_of_the_test_part_occur_in_training_but_no_sentence_repeats(acted):
    train = {s.symbol for s in acted.segments if s.end <= 20.0}
    test = {s.symbol for s in acted.segments if s.start >= 20.0}
    assert test <= train
    sentences = {}
    for segment in acted.segments:
        sentences.setdefault(segment.block, []).append(segment.symbol)
    assert len({tuple(s) for s in sentences.values()}) == len(sentences)


def _f0_mean(audio: np.ndarray) -> float:
    """Mean f0 over clearly periodic 40 ms windows, by autocorrelation."""
    found = []
    for start in range(0, len(audio) - 1280, 320):
        x = audio[start : start + 1280].astype(np.float64)
        x = x - x.mean()
        r = np.correlate(x, x, "full")[1279:]
        if r[0] < 1e-2 * 1280 * 0.05**2:
            continue
        r = r / r[0] / (1 - np.arange(1280) / 1280)
        lag = 40 + int(np.argmax(r[40:200]))
        if r[lag] > 0.75:
            found.append(16000 / lag)
    return float(np.median(found))


def test_emotion_moves_the_mean_pitch_as_stated():
    mean = {
        e: _f0_mean(perform(9, [Block(e, 3, 4.0)], MEN).audio)
        for e in ("neutral", "happy", "fear", "sad")
    }
    assert mean["fear"] > mean["happy"] > 1.1 * mean["neutral"]
    assert mean["sad"] < 0.92 * mean["neutral"]


def test_emotion_moves_loudness_and_rate():
    rms, count = {}, {}
    for emotion in ("neutral", "angry", "sad", "fear"):
        acted = perform(9, [Block(emotion, 3, 6.0)], MEN)
        rms[emotion] = float(np.std(acted.audio))
        count[emotion] = len(acted.segments)
    assert rms["angry"] > 1.3 * rms["neutral"] > 1.6 * rms["sad"]
    assert count["fear"] > count["neutral"] > count["sad"]


@pytest.mark.parametrize(
    ("emotion", "unit"),
    [("happy", "AU12"), ("angry", "AU04"), ("sad", "AU15"), ("contempt", "AU14")],
)
def test_emotion_moves_the_face_in_proportion(emotion, unit):
    levels = [_control(perform(2, [Block(emotion, i, 2.0)], MEN), unit).mean() for i in (1, 2, 3)]
    assert 0.8 < levels[0] < levels[1] < levels[2]
    assert _control(perform(2, [Block("neutral", 1, 2.0)], MEN), unit).mean() < 0.6


def test_sound_does_not_depend_on_the_frame_rate():
    blocks = [Block("neutral", 1, 2.0)]
    slow, fast = perform(1, blocks, MEN, 25.0), perform(1, blocks, MEN, 50.0)
    np.testing.assert_array_equal(slow.audio, fast.audio)
    middle = 0.5 * (fast.controls[::2] + fast.controls[1::2])
    jaw = CONTROLS.index("jaw")
    assert np.abs(middle[:, jaw] - slow.controls[:, jaw]).max() < 1.0


@pytest.mark.parametrize("blocks", [[], [Block("sad", 1, 1.01)]])
def test_a_schedule_must_fill_frames(blocks):
    with pytest.raises(ValueError, match="whole number of frames"):
        perform(0, blocks, MEN)
