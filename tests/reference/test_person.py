"""Face crops and their transforms against scikit-image, OpenCV and torchvision."""

import golden
import numpy as np
import oracles_person
import pytest
import torch
from torchmetrics.functional.regression import concordance_corrcoef

from metrics.common.alignment import ARCFACE_TEMPLATE, similarity, warp
from metrics.common.numerics import ccc
from metrics.csim import arcface_input

pytestmark = pytest.mark.reference


@pytest.mark.parametrize("seed", range(20))
def test_similarity_of_random_points(seed):
    points = np.random.default_rng(seed).uniform(0, 500, (5, 2))
    theirs = oracles_person.transform(points, ARCFACE_TEMPLATE)
    np.testing.assert_allclose(similarity(points, ARCFACE_TEMPLATE), theirs, atol=1e-9)


def test_every_pixel_of_a_smooth_picture_is_opencvs_within_three_levels():
    frame, matrix = golden.warp_pair()
    ours, theirs = warp(frame, matrix, 112), oracles_person.warped(frame, matrix)
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.max() <= 3
    assert difference.mean() < 0.05


def test_every_pixel_is_opencvs_where_positions_need_no_rounding():
    frame = golden.image_pair(200)[1]
    matrix = np.array([[0.5, 0.0, 3.0], [0.0, 0.5, -5.0]])
    assert np.array_equal(warp(frame, matrix, 112), oracles_person.warped(frame, matrix))


def test_arcfaces_input_is_opencvs_blob():
    import cv2

    faces = np.stack([golden.image_pair(112)[k] for k in (0, 1)])
    bgr = [np.ascontiguousarray(face[..., ::-1]) for face in faces]
    blob = cv2.dnn.blobFromImages(bgr, 1 / 127.5, (112, 112), (127.5,) * 3, swapRB=True)
    np.testing.assert_allclose(arcface_input(faces), blob, atol=1e-6)


def test_concordance_of_a_long_series():
    x, y = np.random.default_rng(0).normal(size=(2, 200_000)) * [[1], [2]] + [[0.1], [0.3]]
    theirs = concordance_corrcoef(torch.from_numpy(x), torch.from_numpy(x + y)).item()
    assert ccc(x, x + y) == pytest.approx(theirs, rel=1e-5)
