import golden
import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from metrics.backbones.s3fd import FAN, FAN_NAMES, S3FD, SYNC, from_fan, load_s3fd
from metrics.backbones.s3fd_boxes import candidates, find_faces, prepare, suppress
from metrics.common.resample import cv2_resize

VALUES = golden.kept("s3fd")


@pytest.fixture(scope="module")
def state():
    return golden.detector_state(S3FD().state_dict())


@pytest.fixture(scope="module")
def nets(state, tmp_path_factory):
    folder = tmp_path_factory.mktemp("s3fd")
    torch.save(state, folder / "sfd_face.pth")
    torch.save(golden.to_fan(state), folder / "s3fd.pth")
    return {
        "sync": load_s3fd(folder / "sfd_face.pth", SYNC),
        "fan": load_s3fd(folder / "s3fd.pth", FAN),
    }


def picture():
    return golden.detector_picture()


def test_it_has_the_size_of_the_published_network(state):
    assert len(state) == 65
    assert sum(v.numel() for v in state.values()) == 22_459_110


def test_the_names_of_the_two_files_translate_both_ways(state):
    theirs = golden.to_fan(state)
    assert len(FAN_NAMES) == 34
    assert {"conv1_1.weight", "fc6.bias", "conv3_3_norm.weight"} <= set(theirs)
    assert {"conv7_2.weight", "conv7_2_mbox_loc.bias", "fc7_mbox_conf.weight"} <= set(theirs)
    assert not set(theirs) & set(state)
    back = from_fan(theirs)
    assert set(back) == set(state)
    assert all(back[k] is state[k] for k in state)
    assert from_fan(state) == state  # our own names stay


@pytest.mark.parametrize(
    ("name", "net", "frame", "confidence"),
    [
        ("sync", "sync", picture(), 0.5),
        ("sync_strict", "sync", picture(), None),
        ("sync_reduced", "sync", cv2_resize(golden.detector_picture(4), 0.25), 0.5),
        ("fan", "fan", picture(), None),
    ],
)
def test_faces_are_those_of_the_packages(nets, name, net, frame, confidence):
    found = find_faces(nets[net], frame[None], confidence)[0]
    if name == "sync_reduced":  # the package gives pixels of the large image
        found[:, :4] *= 4
    assert len(found) == VALUES[f"{name}_count"] >= 3
    for w, total in zip("ltrbp", found.sum(0), strict=True):
        assert total == pytest.approx(VALUES[f"{name}_sum_{w}"], rel=1e-4, abs=1e-2)
    for i, box in enumerate(found[:6]):
        for w, value in zip("ltrbp", box, strict=True):
            assert value == pytest.approx(VALUES[f"{name}_{i}_{w}"], rel=1e-4, abs=1e-3)


def test_the_two_protocols_are_two_detectors(nets):
    sync = find_faces(nets["sync"], picture()[None], 0.5)[0]
    fan = find_faces(nets["fan"], picture()[None], 0.5)[0]
    assert len(sync) != len(fan)


def test_a_batch_finds_what_its_frames_find_alone(nets):
    frames = np.stack([picture(), picture()[::-1], np.zeros_like(picture())])
    together = find_faces(nets["sync"], frames, 0.5)
    for frame, found in zip(frames, together, strict=True):
        alone = find_faces(nets["sync"], frame[None], 0.5)[0]
        np.testing.assert_allclose(found, alone, rtol=1e-4, atol=1e-2)


def test_channels_and_means_are_those_of_each_use():
    frame = np.zeros((1, 2, 2, 3), np.uint8) + np.array([200, 100, 50], np.uint8)
    assert prepare(frame, SYNC)[0, :, 0, 0].tolist() == [200 - 123, 100 - 117, 50 - 104]
    assert prepare(frame, FAN)[0, :, 0, 0].tolist() == [50 - 104, 100 - 117, 200 - 123]


def test_an_anchor_without_offset_is_a_square_of_four_strides():
    scores = [np.zeros((2, 3)) for _ in range(6)]
    scores[1][1, 2] = 0.7
    boxes = candidates(scores, [np.zeros((4, 2, 3), np.float32)] * 6, 0.05)
    np.testing.assert_allclose(boxes, [[20 - 16, 12 - 16, 20 + 16, 12 + 16, 0.7]], rtol=1e-6)


def brute_force(boxes, overlap, margin):
    left, kept = sorted(range(len(boxes)), key=lambda i: -boxes[i, 4]), []
    while left:
        a = boxes[left.pop(0)]
        kept.append(a)

        def iou(b, a=a):
            wide = max(min(a[2], b[2]) - max(a[0], b[0]) + margin, 0)
            high = max(min(a[3], b[3]) - max(a[1], b[1]) + margin, 0)
            areas = [(v[2] - v[0] + margin) * (v[3] - v[1] + margin) for v in (a, b)]
            return wide * high / (sum(areas) - wide * high)

        left = [i for i in left if iou(boxes[i]) <= overlap]
    return np.array(kept)


@pytest.mark.parametrize("margin", [0.0, 1.0])
def test_suppression_keeps_the_best_of_every_group(margin):
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 60, (80, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 40, (80, 2)), rng.random((80, 1))], 1)
    kept = boxes[suppress(boxes, 0.3, margin)]
    np.testing.assert_array_equal(kept, brute_force(boxes, 0.3, margin))
    assert len(suppress(np.zeros((0, 5)), 0.3)) == 0


def test_another_network_is_refused(tmp_path):
    torch.save({"vgg.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "x.pth")
    with pytest.raises(BadInput, match="does not fit S3FD"):
        load_s3fd(tmp_path / "x.pth", SYNC)
