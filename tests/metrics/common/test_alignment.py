from pathlib import Path

import golden
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from stand_ins import FIVE, face, frames

from metrics.common.alignment import (
    ARCFACE_TEMPLATE,
    arcface_crop,
    box_crop,
    crops,
    five_points,
    similarity,
    warp,
)
from metrics.common.faces import Faces
from metrics.common.hsemotion import network_input

VALUES = golden.kept("person")
ASSETS = Path(__file__).resolve().parents[4] / "shared/assets"


def apply(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


@given(st.floats(-3.1, 3.1), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_a_similarity_is_found_again(angle, scale, dx, dy):
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = ARCFACE_TEMPLATE @ turn.T + (dx, dy)
    found = similarity(points, ARCFACE_TEMPLATE)
    np.testing.assert_allclose(apply(found, points), ARCFACE_TEMPLATE, atol=1e-7)
    np.testing.assert_allclose(found[:, :2] @ turn, np.eye(2), atol=1e-9)


def test_the_fit_is_the_least_squares_fit():
    source, target = golden.five_point_sets()[0]
    # The same unknowns, (a, -b; b, a) and a shift, as one linear system.
    rows = [[x, -y, 1, 0] for x, y in source] + [[y, x, 0, 1] for x, y in source]
    a, b, dx, dy = np.linalg.lstsq(np.array(rows), target.T.ravel(), rcond=None)[0]
    expected = np.array([[a, -b, dx], [b, a, dy]])
    np.testing.assert_allclose(similarity(source, target), expected, atol=1e-9)


@pytest.mark.parametrize("index", [0, 1])
def test_the_transforms_of_scikit_image(index):
    found = similarity(*golden.five_point_sets()[index]).ravel()
    expected = [VALUES[f"similarity_{index}_{k}"] for k in range(6)]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


def test_a_mirror_image_is_not_mirrored_back():
    mirrored = ARCFACE_TEMPLATE * (-1, 1)
    assert np.linalg.det(similarity(mirrored, ARCFACE_TEMPLATE)[:, :2]) > 0


def test_a_single_point_has_no_transform():
    assert np.isnan(similarity(np.full((5, 2), 3.0), ARCFACE_TEMPLATE)).all()


def test_five_points_are_pixel_indices_in_the_templates_order():
    expected = np.array([FIVE[i] for i in (468, 473, 1, 61, 291)]) - 0.5
    assert np.array_equal(five_points(face()), expected)
    assert np.array_equal(np.argsort(five_points(face())[:, 0]), np.argsort(ARCFACE_TEMPLATE[:, 0]))


def test_the_crop_shows_the_points_where_the_template_has_them():
    """Five bright spots, one a landmark, come out at the template's places."""
    points = apply(np.array([[2.0, 0.5, 30], [-0.5, 2.0, 60]]), ARCFACE_TEMPLATE)
    y, x = np.mgrid[:340, :340]
    for place, wanted in zip(points, ARCFACE_TEMPLATE, strict=True):
        spot = 250 * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / 30)
        landmarks = np.zeros((478, 2))
        landmarks[[468, 473, 1, 61, 291]] = points + 0.5
        crop = arcface_crop(np.repeat(spot[..., None], 3, -1).astype(np.uint8), landmarks)
        weight = crop[..., 0].astype(float)
        rows, columns = np.mgrid[:112, :112]
        centre = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
        np.testing.assert_allclose(centre, wanted, atol=0.1)


def test_warps_that_need_no_interpolation_lose_nothing():
    frame = frames(0, 1)[0]
    assert np.array_equal(warp(frame, np.eye(2, 3), 128), frame)
    moved = warp(frame, np.array([[1.0, 0, -20], [0, 1.0, 10]]), 112)
    assert np.array_equal(moved[10:, :108], frame[:102, 20:])
    assert (moved[:10] == 0).all()
    assert (moved[:, 108:] == 0).all()


def test_half_a_pixel_is_the_mean_of_two():
    frame = frames(1, 1)[0]
    moved = warp(frame, np.array([[1.0, 0, -0.5], [0, 1.0, 0]]), 100).astype(int)
    assert np.abs(2 * moved - frame[:100, :100] - frame[:100, 1:101].astype(int)).max() <= 1


def test_a_warp_is_opencvs_but_for_its_rounding():
    """OpenCV 4 rounds positions to 1/32 pixel; the image changes by some levels a pixel."""
    frame, matrix = golden.warp_pair()
    ours = warp(frame, matrix, 112)
    assert ours.mean() == pytest.approx(VALUES["warp_mean"], abs=0.02)
    pixels = [ours[y, x, c] for y, x, c in golden.warp_places()]
    theirs = [VALUES[f"warp_{k}"] for k in range(len(pixels))]
    assert np.abs(np.array(pixels, float) - theirs).max() <= 2


def test_the_box_is_truncated_cut_and_squeezed():
    frame = frames(2, 1)[0]
    landmarks = np.array([[10.9, -7.2], [90.3, 200.0], [50.0, 60.0]])
    part = np.asarray(Image.fromarray(frame[0:128, 10:90]).resize((224, 224), Image.BILINEAR))
    assert np.array_equal(box_crop(frame, landmarks, 224), part)
    assert box_crop(frame, landmarks + 300, 224) is None
    assert box_crop(frame, landmarks - 300, 224) is None


def test_reducing_averages_over_all_pixels():
    """A fine grid of black and white becomes grey; without anti-aliasing it would not."""
    frame = np.zeros((448, 448, 3), np.uint8)
    frame[::2] = 255
    crop = box_crop(frame, np.array([[0.0, 0.0], [448.0, 448.0]]), 112)
    assert np.abs(crop[4:-4].astype(int) - 127).max() < 5


def test_the_networks_input_is_that_of_torchvision():
    """Resize, ToTensor, Normalize on a Pillow image, as hsemotion's torch path has them."""
    frame = golden.image_pair(480)[1]
    crop = box_crop(frame, np.array([[30.0, 40.0], [430.0, 470.0]]), 224)
    x = network_input(crop[None])
    assert x.dtype == np.float32
    assert x.shape == (1, 3, 224, 224)
    assert x.mean() == pytest.approx(VALUES["resize_mean"], abs=1e-6)
    assert x.std() == pytest.approx(VALUES["resize_std"], abs=1e-6)
    for k, (row, column, channel) in enumerate(golden.warp_places()):
        assert x[0, channel, row, column] == pytest.approx(VALUES[f"resize_{k}"], abs=1e-5)


def test_frames_without_a_crop_are_left_out():
    pictures = frames(3, 4)
    landmarks = np.stack([face(), np.full((478, 2), np.nan), face() + 500, face()])
    found = Faces(landmarks, np.zeros((4, 52)), (None, "no_face", None, None))
    places, cut = crops(pictures, found, lambda f, p: box_crop(f, p, 24))
    assert places.tolist() == [0, 3]
    assert np.array_equal(cut[1], box_crop(pictures[3], landmarks[3], 24))
    places, cut = crops(pictures[1:2], Faces(landmarks[1:2], np.zeros((1, 52)), ("no_face",)), None)
    assert len(places) == len(cut) == 0


@pytest.mark.shared
@pytest.mark.parametrize(("name", "worst"), [("obama", 8.0), ("biden", 5.0)])
def test_mediapipes_points_of_a_real_face_fit_the_template(name, worst):
    """An eye taken for the other, or a corner of the mouth, would miss by 30 pixels and more."""
    from harness.media.face_landmarker import FaceLandmarker

    picture = np.asarray(Image.open(ASSETS / f"images/{name}.jpg").convert("RGB"))
    with FaceLandmarker(ASSETS / "weights/face_landmarker.task") as landmarker:
        points = five_points(landmarker.detect(picture).landmarks)
    fitted = apply(similarity(points, ARCFACE_TEMPLATE), points)
    assert np.linalg.norm(fitted - ARCFACE_TEMPLATE, axis=1).max() < worst
