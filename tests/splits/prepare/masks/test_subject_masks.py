"""Masks of a segmentation network: the subject alone, steady, on real frames."""

import numpy as np
import pytest

from harness.contracts import BadInput
from harness.media.face_landmarker import FaceLandmarker
from harness.media.video import read_frames
from splits.prepare.geometry import FACE_OVAL
from splits.prepare.masks.networks import SELFIE, SIDE, open_segmenter
from splits.prepare.masks.subject import network_masks, only_subject

pytestmark = pytest.mark.shared

COUNT = 12


@pytest.fixture(scope="module")
def network(assets):
    return assets / "weights" / "selfie_segmentation.tflite"


@pytest.fixture(scope="module")
def talk(assets):
    """Frames, and landmarks in their pixels."""
    video = assets / "video" / "obama_20s_synced.mp4"
    frames = [f for _, f in zip(range(COUNT), read_frames(video), strict=False)]
    with FaceLandmarker(assets / "weights" / "face_landmarker.task") as landmarker:
        points = np.stack([landmarker.detect_all(frame)[0].landmarks for frame in frames])
    return frames, points


def test_masks_hold_head_and_shoulders_and_nothing_else(talk, network):
    frames, points = talk
    masks = network_masks(lambda t: frames[t], points, SELFIE, network)
    assert masks.shape == (COUNT, SIDE, SIDE)
    inside = masks > 127
    height, width = frames[0].shape[:2]
    scale = np.array([SIDE / width, SIDE / height])
    for t in range(COUNT):
        x, y = np.floor(points[t] * scale).astype(int).T
        assert inside[t, y, x].mean() > 0.99
        assert inside[t, -6:, SIDE // 4 : -SIDE // 4].all(), "the chest"
        assert not inside[t, : SIDE // 4, : SIDE // 6].any(), "the window"
    assert 0.3 < inside.mean() < 0.55
    assert (inside[1:] != inside[:-1]).mean((1, 2)).max() < 0.02, "no flicker"


def test_what_flickers_for_a_frame_is_removed(talk, network, monkeypatch):
    from splits.prepare.masks import subject as module

    frames, points = talk
    real = open_segmenter(SELFIE, network)
    with real as segment:
        clean = segment(frames[0])

    class Flickering:
        calls = 0

        def __enter__(self):
            return self.segment

        def __exit__(self, *_):
            pass

        def segment(self, frame):
            Flickering.calls += 1
            mask = clean.copy()
            if Flickering.calls == 6:
                mask[SIDE // 2 :, : SIDE // 2] = 0  # a shoulder is lost in one frame
            return mask

    monkeypatch.setattr(module, "open_segmenter", lambda *_: Flickering())
    still = np.repeat(points[:1], COUNT, 0)
    masks = network_masks(lambda t: frames[0], still, SELFIE, network)
    assert (masks == masks[0]).all()


def test_another_person_and_holes_are_removed(talk, network):
    frames, points = talk
    with open_segmenter(SELFIE, network) as segment:
        mask = np.round(255 * segment(frames[0])).astype(np.uint8)
    scale = SIDE / frames[0].shape[1]
    spoilt = mask.copy()
    spoilt[:40, :30] = 255  # somebody behind
    spoilt[-30:-20, SIDE // 2 - 10 : SIDE // 2 + 10] = 0  # a bright tie
    kept = only_subject(spoilt, points[0] * scale)
    expected = only_subject(mask, points[0] * scale)
    assert ((kept > 127) == (expected > 127)).all()


def test_a_file_that_is_no_such_network_is_refused(tmp_path, assets):
    (tmp_path / "a.tflite").write_bytes(b"no network")
    broken = open_segmenter(SELFIE, tmp_path / "a.tflite")
    with pytest.raises(BadInput, match=r"a\.tflite: not a readable LiteRT model.*Fetch"), broken:
        pass


def test_the_back_of_a_head_that_is_seen_from_the_side_is_kept():
    """Ears are near each other then, and the head is as broad as ever."""
    ring = np.linspace(0, 2 * np.pi, 478)
    points = np.stack([130 + 9 * np.cos(ring), 110 + 40 * np.sin(ring)], 1)
    points[FACE_OVAL] = np.stack([130 + 9 * np.cos(ring[:36]), 110 + 40 * np.sin(ring[:36])], 1)
    points[[10, 152, 234, 454]] = [[130, 70], [130, 150], [121, 110], [139, 110]]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[60:200, 50:145] = 255
    assert only_subject(mask, points)[100:120, 52:140].all()
