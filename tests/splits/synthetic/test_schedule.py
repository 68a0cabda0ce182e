from collections import Counter

import pytest

from harness.contracts import EMOTIONS
from splits.synthetic.schedule import single, tour


@pytest.mark.parametrize("seed", range(5))
def test_tour_shows_everything_in_training_and_several_in_test(seed):
    blocks = tour(seed, 1000, 100, 25.0, 3)
    train, test = blocks[:24], blocks[24:]
    assert round(25 * sum(b.seconds for b in train)) == 1000
    assert round(25 * sum(b.seconds for b in test)) == 100
    assert Counter((b.emotion, b.intensity) for b in train) == Counter(
        (e, i if e != "neutral" else 1) for e in EMOTIONS for i in (1, 2, 3)
    )
    assert len({b.emotion for b in test}) == len(test) == 3
    assert all(train[3 * k].emotion == train[3 * k + 2].emotion for k in range(8))


def test_a_short_tour_shows_emotions_before_intensities():
    blocks = tour(0, 200, 20, 25.0)
    assert len({b.emotion for b in blocks[:8]}) == 8
    assert len(blocks) == 9
    assert min(b.seconds for b in blocks) >= 0.7
    with pytest.raises(ValueError, match=r"less than 0\.4 s"):
        tour(0, 80, 8, 25.0)


def test_blocks_are_whole_frames():
    for block in [*tour(0, 997, 103, 25.0), *single(0, "sad", 2, 331, 25.0)]:
        assert block.seconds * 25 == pytest.approx(round(block.seconds * 25))
        assert block.seconds > 0.5


def test_single_keeps_one_emotion():
    blocks = single(3, "fear", 2, 330, 25.0)
    assert {(b.emotion, b.intensity) for b in blocks} == {("fear", 2)}
    assert len(blocks) == 4
    assert sum(b.seconds for b in blocks) == pytest.approx(13.2)
