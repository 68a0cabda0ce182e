import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts import BadInput
from splits.prepare.tracking.crop import choose_crop, extent


def face_at(x, y, size, count=5):
    rng = np.random.default_rng(0)
    return np.array([x, y]) + size * (rng.uniform(-0.5, 0.5, (count, 478, 2)))


@given(
    x=st.integers(0, 640),
    y=st.integers(0, 360),
    face=st.integers(40, 200),
    size=st.sampled_from([None, 64, 100]),
)
def test_the_box_stays_inside_and_points_follow_it(x, y, face, size):
    landmarks = face_at(x, y, face)
    if size and 1.8 * face < size:
        size = None
    box = choose_crop("v", landmarks, 360, 640, size, "auto")
    assert box.left >= 0
    assert box.top >= 0
    assert box.left + box.width <= 640
    assert box.top + box.height <= 360
    assert box.width == box.height
    assert box.out_height == (size or box.height)
    frame = np.zeros((360, 640, 3), np.uint8)
    cut = box.apply(frame)
    assert cut.shape == (box.out_height, box.out_width, 3)
    corner = box.points(np.array([[box.left + box.width, box.top + box.height]], float))
    assert np.allclose(corner, [[box.out_width, box.out_height]])


def test_a_mark_stays_under_its_landmark():
    frame = np.zeros((200, 300, 3), np.uint8)
    frame[96:104, 146:154] = 255
    box = choose_crop("v", face_at(140, 105, 80), 200, 300, 76, "auto")
    cut = box.apply(frame)[..., 0].astype(float)
    rows, columns = np.mgrid[0:76, 0:76] + 0.5
    centre = np.array([(cut * columns).sum(), (cut * rows).sum()]) / cut.sum()
    assert np.abs(centre - box.points(np.array([150.0, 100.0]))).max() < 0.05


def test_no_pixels_are_invented():
    with pytest.raises(BadInput, match="smaller than --size 512"):
        choose_crop("v.mp4", face_at(180, 140, 90), 288, 360, 512, "auto")
    with pytest.raises(BadInput, match="even number"):
        choose_crop("v.mp4", face_at(180, 140, 90), 288, 360, 101, "auto")
    with pytest.raises(BadInput, match="auto or none"):
        choose_crop("v.mp4", face_at(180, 140, 90), 288, 360, 100, "face")


def test_the_whole_frame():
    box = choose_crop("v.mp4", face_at(180, 140, 90), 288, 360, 144, "none")
    assert (box.out_height, box.out_width) == (144, 180)


def test_sequences_of_one_subject_have_one_scale():
    near, far = face_at(180, 140, 120), face_at(420, 200, 90)
    largest = max(extent(near), extent(far))
    boxes = [choose_crop("v", one, 360, 640, 128, "auto", largest) for one in (near, far)]
    assert boxes[0] == choose_crop("v", near, 360, 640, 128, "auto")
    assert (boxes[0].height, boxes[0].out_height) == (boxes[1].height, boxes[1].out_height)
    assert boxes[1].left > boxes[0].left


def test_what_reaches_into_the_crop():
    box = choose_crop("v", face_at(180, 140, 90), 288, 360, None, "auto")
    low, high = np.array([box.left, box.top]), np.array([box.left + box.width, box.top + 9])
    assert box.overlaps(low + 5, high + 5)
    assert not box.overlaps(low - 50, low - 1)
    assert not box.overlaps(high + np.array([1, 0]), high + 30)
