"""The lips' square, and how open mouth and eyes are."""

import dataclasses

import numpy as np
import pytest

from harness.contracts import ActionUnits, BadInput, MissingSignal, TrainingSet
from methods.ua3dtalk.data.face import FaceSignals
from methods.ua3dtalk.data.features import au_of, blink_scale_of


def signals(sequence, **changes):
    changed = {**sequence.signals, **changes}
    changed = {name: value for name, value in changed.items() if value is not None}
    changed = dataclasses.replace(sequence, signals=changed)
    return FaceSignals.of(TrainingSet((changed,)), changed.signal("masks").bits)


def test_the_square_is_as_long_as_the_lips_and_around_their_middle(sequence):
    points = np.array(sequence.signal("landmarks"))
    points[0, 48:60] = [20, 30]
    points[0, 48], points[0, 50] = (10.7, 25.2), (31.9, 30.6)
    rows, columns = signals(sequence, landmarks=points).lips(0)
    # Whole pixels as released: the box is 10..31 by 25..30, its middle (20, 27), its half 10.
    assert (columns.start, columns.stop) == (10, 30)
    assert (rows.start, rows.stop) == (17, 37)


@pytest.mark.parametrize("place", [(-30.0, 20.0), (20.0, 90.0), (47.0, 47.0)])
def test_squares_stay_inside_the_frame_and_hold_a_pixel(sequence, place):
    points = np.array(sequence.signal("landmarks"))
    points[3, 48:60] = place
    image = np.zeros((48, 48))
    assert image[signals(sequence, landmarks=points).lips(3)].size > 0


def test_the_gap_spans_its_range(sequence):
    found = signals(sequence)
    assert (found.gap.min(), found.gap.max()) == (0, 1)
    height = np.ptp(sequence.signal("landmarks")[:, 60:68, 1], axis=1)
    assert np.corrcoef(found.gap, height)[0, 1] == pytest.approx(1)


def test_parted_lips_are_au25_between_its_percentiles(sequence):
    count = len(sequence.frames)
    values = np.linspace(0, 4, count)[:, None].astype(np.float32)
    found = signals(sequence, au=ActionUnits(values, ("AU25",)))
    top = np.percentile(values, 95)
    assert (found.parted == 1).sum() == (values >= top).sum()
    assert found.parted[values[:, 0] <= np.percentile(values, 25)].max() <= 1e-6
    assert found.blink is None


@pytest.mark.parametrize("au", [None, ActionUnits(np.zeros((96, 1), np.float32), ("AU25",))])
def test_without_a_moving_au25_the_lips_themselves_say_it(sequence, au):
    found = signals(sequence, au=au)
    assert np.corrcoef(found.parted, found.gap)[0, 1] > 0.98


@pytest.mark.parametrize(
    ("shut", "half", "expected"),
    [
        (2.0, 1.0, [0, 0.5, 1]),  # as OpenFace measures: absolute
        (5.0, 2.5, [0, 0.5, 1]),  # lids half closed must not count as closed
        (1.0, 0.5, [0, 0.25, 0.5]),  # a weak blink stays one
    ],
)
def test_a_blink_is_absolute_up_to_what_is_clipped(sequence, shut, half, expected):
    values = np.tile([[0.0], [half], [shut]], (32, 1)).astype(np.float32)
    au = ActionUnits(values, ("AU45",))
    assert signals(sequence, au=au).blink[:3].tolist() == expected
    training = TrainingSet((dataclasses.replace(sequence, signals={**sequence.signals, "au": au}),))
    scale = blink_scale_of(training)
    assert au_of(training, scale)[:3, -1].tolist() == [2 * value for value in expected]


def test_a_single_false_blink_does_not_scale_the_others(sequence):
    values = np.zeros((len(sequence.frames), 1), np.float32)
    values[1::20] = 2.0
    au = ActionUnits(values, ("AU45",))
    long = {"au": ActionUnits(np.concatenate([values] * 5), au.names)}
    long["au"].values[7] = 5.0
    training = TrainingSet((dataclasses.replace(sequence, signals=long),))
    assert blink_scale_of(training) == 1
    assert float(au_of(training).max()) == 2


def test_frames_without_a_face_take_the_nearest_landmarks(sequence):
    points = np.array(sequence.signal("landmarks"))
    whole = signals(sequence, landmarks=points).rectangles
    points[10:12] = np.nan
    found = signals(sequence, landmarks=points).rectangles
    assert np.array_equal(found[10], whole[9])
    assert np.array_equal(np.delete(found, [10, 11], 0), np.delete(whole, [10, 11], 0))
    with pytest.raises(BadInput, match="no frame has landmarks"):
        signals(sequence, landmarks=np.full_like(points, np.nan))


def test_landmarks_are_needed(sequence):
    with pytest.raises(MissingSignal, match="'landmarks'"):
        signals(sequence, landmarks=None)


def test_a_mouth_of_a_few_pixels_counts_as_closed(sequence):
    masks = sequence.signal("masks")
    bits = np.zeros((4, 256, 256), np.uint8)
    bits[0, 100, 100:119], bits[1, 100, 100:120] = 8, 8
    short = sequence.part(range(4))
    masks = dataclasses.replace(masks, bits=bits)
    changed = dataclasses.replace(short, signals={**short.signals, "masks": masks})
    assert FaceSignals.of(TrainingSet((changed,)), bits).open.tolist() == [
        False,
        True,
        False,
        False,
    ]
