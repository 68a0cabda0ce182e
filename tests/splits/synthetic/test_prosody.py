from itertools import pairwise

import numpy as np
import pytest

from splits.synthetic.emotion import Voice, voice
from splits.synthetic.prosody import TRACK_RATE, Speaker, prosody, time_phones
from splits.synthetic.script import Voicebox, utterance

SPEAKER = Speaker(f0=120.0, jitter=0.0)


def _tracks(mood: Voice, seed: int = 0, seconds: float = 8.0):
    phones = utterance(Voicebox(np.random.default_rng(seed)), seconds * np.exp(mood.rate))
    segments = time_phones(phones, 0.0, seconds, float(np.exp(mood.rate)), 0)
    rng = np.random.default_rng(seed)
    return segments, prosody(segments, [(0.0, seconds, mood)], SPEAKER, seconds, rng)


def test_segments_fill_their_room_without_gaps():
    segments, tracks = _tracks(voice("neutral", 1))
    assert segments[0].start == 0.0
    assert segments[-1].end <= 8.0 + 1e-9
    assert all(a.end == b.start for a, b in pairwise(segments))
    assert len(tracks.f0) == 8 * TRACK_RATE


def test_a_long_text_is_pressed_into_a_short_room():
    phones = utterance(Voicebox(np.random.default_rng(0)), 4.0)
    segments = time_phones(phones, 1.0, 1.5, 1.0, 0)
    assert segments[-1].end == pytest.approx(2.5)


def test_mean_f0_follows_the_emotion():
    mean = {e: np.log(_tracks(voice(e, 3))[1].f0).mean() for e in ("neutral", "happy", "sad")}
    assert mean["happy"] - mean["neutral"] == pytest.approx(voice("happy", 3).pitch, abs=0.06)
    assert mean["sad"] - mean["neutral"] == pytest.approx(voice("sad", 3).pitch, abs=0.06)


def test_range_scales_excursions():
    wide = np.log(_tracks(Voice(range=0.5))[1].f0).std()
    flat = np.log(_tracks(Voice(range=-0.5))[1].f0).std()
    assert wide / flat == pytest.approx(np.e, rel=0.05)


def test_energy_is_in_decibels():
    loud, plain = _tracks(Voice(energy=6.0))[1].gain, _tracks(Voice())[1].gain
    assert 20 * np.log10(loud / plain).mean() == pytest.approx(6.0, abs=1e-6)


def test_voices_differ_between_subjects():
    voices = [Speaker.of(i) for i in range(20)]
    assert len({v.f0 for v in voices}) == 20
    assert all(80 < v.f0 < 260 and 0.9 < v.formants < 1.25 for v in voices)
    assert Speaker.of(3) == Speaker.of(3)
