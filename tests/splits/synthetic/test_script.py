from collections import Counter

import numpy as np
import pytest

from splits.synthetic.phonemes import PHONEMES
from splits.synthetic.script import Segment, Voicebox, natural_duration, utterance


def _box(seed: int) -> Voicebox:
    return Voicebox(np.random.default_rng(seed))


def test_same_seed_says_the_same():
    assert utterance(_box(3), 3.0) == utterance(_box(3), 3.0)
    assert utterance(_box(3), 3.0) != utterance(_box(4), 3.0)


@pytest.mark.parametrize("seconds", [1.0, 2.5, 4.0])
def test_duration_is_near_what_was_asked(seconds):
    box = _box(0)
    durations = [natural_duration(utterance(box, seconds)).sum() for _ in range(30)]
    assert abs(np.mean(durations) - seconds) < 0.25
    assert max(durations) < seconds + 1.0


def test_no_utterance_is_said_twice():
    box = _box(1)
    texts = [tuple(p.symbol for p in utterance(box, 2.0)) for _ in range(100)]
    assert len(set(texts)) == 100


def test_sounds_are_balanced():
    box = _box(2)
    said = Counter(p.symbol for _ in range(20) for p in utterance(box, 1.7))
    assert set(said) >= set(PHONEMES) - {"sil"}
    assert max(said.values()) < 0.1 * said.total()


def test_stress_lengthens_vowels_and_every_word_has_one_stress():
    phones = utterance(_box(5), 20.0)
    seconds = natural_duration(phones)
    ratio = [
        s / PHONEMES[p.symbol].duration
        for p, s in zip(phones, seconds, strict=True)
        if PHONEMES[p.symbol].kind == "vowel"
    ]
    stress = [p.stress for p in phones if PHONEMES[p.symbol].kind == "vowel"]
    assert np.mean([r for r, s in zip(ratio, stress, strict=True) if s]) > 1.2
    assert np.mean([r for r, s in zip(ratio, stress, strict=True) if not s]) < 1.0
    word: set[int] = set()
    for phone in phones:
        if phone.stress:
            word.add(phone.syllable)
        if phone.word_end:
            assert len(word) == 1
            word = set()


def test_closure_is_the_shut_part_of_a_stop():
    assert Segment("p", 1.0, 1.1).closure == pytest.approx((1.0, 1.06))
    assert Segment("m", 1.0, 1.1).closure == pytest.approx((1.0, 1.1))
