"""FAN and what surrounds it, against face-alignment as installed now."""

import golden
import numpy as np
import oracles_fan
import pytest
import torch

from metrics.backbones import fan_points
from metrics.backbones.fan import FAN
from metrics.backbones.s3fd import FAN as PROTOCOL
from metrics.backbones.s3fd import S3FD, from_fan
from metrics.backbones.s3fd_boxes import find_faces
from metrics.detectors.fan import look_at

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def net():
    ours = FAN().eval()
    ours.load_state_dict(oracles_fan.network().state_dict())
    return ours


def test_fan_takes_the_references_state_and_gives_its_heatmaps(net):
    theirs = oracles_fan.network()
    theirs.load_state_dict(net.state_dict())
    x = torch.from_numpy(np.random.default_rng(0).random((2, 3, 256, 256), np.float32))
    with torch.inference_mode():
        torch.testing.assert_close(net(x), theirs(x)[-1])


def test_crops_are_the_references_to_the_last_bit():
    from face_alignment.utils import crop

    rng = np.random.default_rng(1)
    for k in range(60):
        frame = rng.integers(0, 256, (*rng.integers(40, 500, 2), 3), dtype=np.uint8)
        middle = rng.uniform(0, 1, 2) * frame.shape[1::-1]
        half = rng.uniform(10, 200, 2)
        box = np.concatenate([middle - half, middle + half])
        box = np.rint(box) if k % 3 == 0 else box
        ours = fan_points.crop(frame, fan_points.place_of(box))
        np.testing.assert_array_equal(ours, crop(frame, *oracles_fan.geometry(box)))


def test_landmarks_of_random_heatmaps_are_the_references():
    from face_alignment.utils import get_preds_fromhm

    rng = np.random.default_rng(2)
    maps = rng.normal(size=(20, 68, 64, 64)).astype(np.float32)
    low = rng.uniform(-50, 300, (20, 2))
    boxes = np.concatenate([low, low + rng.uniform(15, 400, (20, 2))], 1)
    ours = fan_points.landmarks(maps, [fan_points.place_of(box) for box in boxes])
    for one, heatmap, box in zip(ours, maps, boxes, strict=True):
        theirs = get_preds_fromhm(heatmap[None], *oracles_fan.geometry(box))[1][0]
        np.testing.assert_array_equal(one, theirs)


def flipped(ours, theirs):
    """Part of the points that differ.

    A seeded network's heatmaps have no peak: where two places tie to the last bits, a batch and
    a single crop may choose differently.
    """
    return (ours != np.stack(theirs)).any(-1).mean()


def test_landmarks_in_given_boxes_are_those_of_get_landmarks_from_image(net):
    frame, boxes = golden.detector_picture(2), golden.fan_boxes()
    with oracles_fan.aligner() as reference:
        theirs = reference.get_landmarks_from_image(frame, [np.append(b, 1.0) for b in boxes])
    # A batch of frames with one face each, beside one frame with all the faces.
    ours = look_at(net, np.repeat(frame[None], len(boxes), 0), list(boxes[:, None]))
    assert flipped(ours.landmarks, theirs) < 1e-3


def test_landmarks_of_found_faces_are_those_of_get_landmarks(net):
    """As `get_landmarks` does it, for the first of the faces: each one takes half a second."""
    frame, several = golden.detector_picture(), slice(6)
    with oracles_fan.aligner() as reference:
        found = reference.face_detector.detect_from_image(frame.copy())
        theirs = reference.get_landmarks_from_image(frame, found[several])
        state = from_fan(reference.face_detector.face_detector.state_dict())
    detector = S3FD(PROTOCOL).eval()
    detector.load_state_dict(state)
    boxes = find_faces(detector, frame[None])[0]
    assert len(found) == len(boxes) >= 6
    boxes = boxes[several]
    ours = look_at(net, np.repeat(frame[None], len(boxes), 0), list(boxes[:, None]))
    assert flipped(ours.landmarks, theirs) < 1e-3
