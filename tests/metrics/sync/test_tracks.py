import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.sync.tracks import MAX_GAP, MIN_TRACK, Track, overlap, smoothed, tracks_of

FACE = np.array([[100.0, 80.0, 260.0, 240.0, 0.99]])
NONE = np.zeros((0, 5))


def still(count=MIN_TRACK + 1, **gaps):
    return [NONE if i in gaps.get("without", ()) else FACE for i in range(count)]


def test_overlap_is_intersection_over_union():
    a, b = np.array([0, 0, 10, 10.0]), np.array([5, 0, 15, 20.0])
    assert overlap(a, b) == pytest.approx(50 / (100 + 200 - 50))
    assert overlap(a, np.array([20, 20, 30, 30.0])) == 0
    assert overlap(a, a) == 1


def test_one_face_is_one_track():
    (track,) = tracks_of(still(), start=7)
    assert track.start == 7
    assert len(track) == track.detected == MIN_TRACK + 1
    np.testing.assert_array_equal(track.boxes, np.repeat(FACE[:, :4], MIN_TRACK + 1, 0))


def test_a_hundred_detections_are_one_too_few():
    assert tracks_of(still(MIN_TRACK)) == []
    assert len(tracks_of(still(MIN_TRACK), min_track=MIN_TRACK - 1)) == 1


def test_frames_without_a_face_are_bridged_linearly_but_do_not_count():
    frames = [FACE + np.array([k, 0, k, 0, 0]) if k not in (50, 51) else NONE for k in range(103)]
    (track,) = tracks_of(frames)
    assert (len(track), track.detected) == (103, 101)
    np.testing.assert_allclose(track.boxes[:, 0], 100 + np.arange(103))
    assert tracks_of(frames[:-1]) == []  # 102 frames, 100 detections


@pytest.mark.parametrize(("gap", "tracks"), [(MAX_GAP, 1), (MAX_GAP + 1, 2)])
def test_a_gap_splits_the_track_where_it_is_too_long(gap, tracks):
    frames = still(102) + [NONE] * (gap - 1) + still(102)
    assert len(tracks_of(frames)) == tracks


def test_a_jump_starts_another_track():
    away = FACE + np.array([300, 0, 300, 0, 0])
    found = tracks_of(still(110) + [away] * 120)
    assert [(t.start, len(t)) for t in found] == [(0, 110), (110, 120)]


def test_small_faces_are_left_out():
    small = np.array([[0, 0, 100.0, 60.0, 0.99]])
    assert tracks_of([small] * 120) == []
    assert len(tracks_of([small + np.array([0, 0, 0.01, 0, 0])] * 120)) == 1


def test_two_people_are_two_tracks():
    both = np.concatenate([FACE, FACE + np.array([400, 0, 400, 0, 0])])
    assert sorted(t.boxes[0, 0] for t in tracks_of([both] * 130)) == [100, 500]


def literal(faces, gap=MAX_GAP, least=MIN_TRACK):
    """The rules once more, over dictionaries, written as a for loop that removes as it goes."""
    left = [[(i, tuple(b[:4])) for b in boxes] for i, boxes in enumerate(faces)]
    out = []
    while any(left):
        track = []
        for frame in left:
            for face in frame:
                if not track:
                    track.append(face)
                    frame.remove(face)
                elif face[0] - track[-1][0] <= gap:
                    if overlap(face[1], track[-1][1]) > 0.5:
                        track.append(face)
                        frame.remove(face)
                        continue
                else:
                    break
        if len(track) > least:
            out.append([face[0] for face in track])
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_random_boxes_follow_the_letter_of_the_rules(seed):
    rng = np.random.default_rng(seed)
    frames, places = [], rng.uniform(0, 300, (3, 2))
    for _ in range(80):
        places = places + rng.normal(0, 12, places.shape)
        seen = [p for p in places if rng.random() > 0.2]
        boxes = [[*p, *(p + rng.uniform(100, 140, 2)), 0.9] for p in seen]
        frames.append(np.array(boxes).reshape(-1, 5))
    expected = literal(frames, least=20)
    found = tracks_of(frames, min_track=20, min_face=0)
    assert [(t.start, t.detected, len(t)) for t in found] == [
        (f[0], len(f), f[-1] - f[0] + 1) for f in expected
    ]


def test_the_median_reads_zeros_outside_the_track():
    from scipy.signal import medfilt

    rng = np.random.default_rng(0)
    boxes = np.sort(rng.uniform(0, 400, (40, 2, 2)), 1).reshape(40, 4)
    found = smoothed(Track(0, boxes, 40))
    half = np.maximum(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]) / 2
    for k, raw in enumerate(
        [(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2, half]
    ):
        np.testing.assert_allclose(found[:, k], medfilt(raw, 13))
