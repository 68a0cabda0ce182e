"""The tiny sequence and clip: complete, consistent, and the same at every call."""

from __future__ import annotations

import numpy as np
import pytest

from harness.contracts import MASK_BITS
from harness.testing import tiny_clip, tiny_sequence
from harness.testing.tiny import BLINK, DISTANCE


@pytest.mark.parametrize("count", [30, 48, 60])
def test_every_signal_has_a_value_for_every_frame(count):
    sequence = tiny_sequence(count)
    assert len(sequence.frames) == count
    assert len(sequence.audio) == count * 640
    assert [*sequence.train, *sequence.test] == list(range(count))
    assert sequence.signal("masks").bits.shape == (count, 64, 64)
    assert sequence.signal("camera").K.shape == (count, 3, 3)
    assert sequence.signal("au").values.shape == (count, 2)
    assert sequence.signal("landmarks").shape == (count, 68, 2)
    assert len(sequence.signal("plate")) == len(sequence.signal("emotion").labels) == count
    assert np.abs(sequence.audio).max() < 1


def test_the_same_arguments_give_the_same_bytes():
    for a, b in zip(tiny_clip(), tiny_clip(), strict=True):
        if isinstance(a, np.ndarray):
            assert np.array_equal(a, b)
    assert not np.array_equal(tiny_sequence().audio, tiny_sequence(seed=1).audio)


def test_signals_describe_the_frames():
    sequence = tiny_sequence()
    frames, plate = sequence.frames.stack(range(48)), sequence.signal("plate")[0]
    masks, units = sequence.signal("masks"), sequence.signal("au")
    assert np.array_equal(
        (frames != plate).any(-1) & ~masks.region("head"), np.zeros((48, 64, 64), bool)
    )
    inside = masks.bits & MASK_BITS["head"] != 0
    for region in ("face", "hair", "mouth"):
        assert not (masks.region(region) & ~inside).any()
    opening = masks.region("mouth").sum((1, 2))
    assert np.corrcoef(opening, units.column("AU25"))[0, 1] > 0.95
    assert np.flatnonzero(units.column("AU45")).tolist() == [BLINK, BLINK + 25]


def test_the_camera_follows_the_head():
    sequence = tiny_sequence()
    camera = sequence.signal("camera")
    seen = camera.K @ camera.world_to_camera[:, :3, 3:]
    across = (seen[:, 0] / DISTANCE)[:, 0]
    columns = np.arange(64) + 0.5
    head = sequence.signal("masks").region("head").sum(1)
    assert np.abs((head * columns).sum(1) / head.sum(1) - across).max() < 0.5


def test_the_prediction_is_close_to_its_ground_truth_and_not_equal():
    clip, prediction, truth = tiny_clip()
    assert prediction.shape == truth.shape == (clip.count, clip.height, clip.width, 3)
    assert 1 < np.abs(prediction.astype(float) - truth).mean() < 10
