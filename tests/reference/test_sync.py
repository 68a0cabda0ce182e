"""What surrounds SyncNet, against the packages and OpenCV as installed now."""

import cv2
import golden
import numpy as np
import oracles_s3fd
import pytest
import torch

from metrics.backbones.s3fd import FAN, S3FD, SYNC, from_fan, to_fan
from metrics.backbones.s3fd_boxes import find_faces, prepare
from metrics.resample import cv2_resize

pytestmark = pytest.mark.reference


def test_bilinear_resize_is_opencvs_to_the_last_bit():
    rng = np.random.default_rng(0)
    for k in range(90):
        height, width, h, w = map(int, rng.integers(5, 300, 4))
        frame = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        if k % 3 == 0:
            ours, theirs = cv2_resize(frame, 0.25), cv2.resize(frame, (0, 0), fx=0.25, fy=0.25)
        elif k % 3 == 1:
            ours, theirs = cv2_resize(frame, (224, 224)), cv2.resize(frame, (224, 224))
        else:
            ours, theirs = cv2_resize(frame, (h, w)), cv2.resize(frame, (w, h))
        np.testing.assert_array_equal(ours, theirs)
    for side in (112, 448, 896):
        frame = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        np.testing.assert_array_equal(cv2_resize(frame, (224, 224)), cv2.resize(frame, (224, 224)))


@pytest.mark.parametrize("confidence", [0.06, 0.5, 0.9])
def test_s3fd_finds_the_faces_of_syncnets_detector(confidence):
    ours = S3FD(SYNC).eval()
    ours.load_state_dict(oracles_s3fd.syncnet_network().state_dict())
    frame = golden.detector_picture()
    theirs = oracles_s3fd.syncnet_faces(frame, 1.0, confidence)
    found = find_faces(ours, frame[None], confidence)[0]
    assert len(found) == len(theirs) >= 3
    np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-2)


def test_s3fd_has_the_maps_and_faces_of_face_alignment():
    from face_alignment.detection.sfd.net_s3fd import s3fd

    theirs = s3fd().eval()
    theirs.load_state_dict(to_fan(oracles_s3fd.syncnet_network().state_dict()))
    ours = S3FD(FAN).eval()
    ours.load_state_dict(from_fan(theirs.state_dict()))
    frame = golden.detector_picture()
    x = prepare(frame[None], FAN)
    with torch.inference_mode():
        maps = theirs(x)
        scores, boxes = ours(x)
    for k in range(6):
        torch.testing.assert_close(scores[k], maps[2 * k].softmax(1)[:, 1])
        torch.testing.assert_close(boxes[k], maps[2 * k + 1])
    expected = oracles_s3fd.fan_faces(frame)
    found = find_faces(ours, frame[None])[0]
    assert len(found) == len(expected) >= 3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)
