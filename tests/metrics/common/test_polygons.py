import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from metrics.common.polygons import dilated, fill


def test_a_square_holds_the_pixels_whose_centres_it_holds():
    mask = fill(np.array([[2, 3], [7, 3], [7, 5], [2, 5]]), 8, 10)
    expected = np.zeros((8, 10), bool)
    expected[3:5, 2:7] = True
    np.testing.assert_array_equal(mask, expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 36))
def test_a_pixel_is_in_when_it_is_left_of_every_side(seed, count):
    points = np.random.default_rng(seed).uniform(-10, 50, (count, 2))
    mask = fill(points, 32, 40)
    from matplotlib.path import Path as Outline
    from scipy.spatial import ConvexHull

    corners = points[ConvexHull(points).vertices]
    y, x = np.mgrid[:32, :40] + 0.5
    inside = Outline(corners).contains_points(np.stack([x.ravel(), y.ravel()], 1))
    np.testing.assert_array_equal(mask, inside.reshape(32, 40))


def test_agrees_with_pillow_but_for_the_outline():
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    points = np.stack([100 + 60 * np.cos(angles), 90 + 75 * np.sin(angles)], 1)
    picture = Image.new("1", (200, 180))
    ImageDraw.Draw(picture).polygon([tuple(p) for p in points], fill=1)
    ours, theirs = fill(points, 180, 200), np.asarray(picture)
    assert (ours != theirs).sum() < 0.03 * ours.sum()
    assert ours.sum() == pytest.approx(np.pi * 60 * 75, rel=0.01)


def test_dilation_grows_a_square_by_the_radius():
    points = np.array([[40.0, 40], [60, 40], [60, 60], [40, 60]])
    area = fill(dilated(points, 10.0), 100, 100).sum()
    assert area == pytest.approx(20 * 20 + 4 * 20 * 10 + np.pi * 100, rel=0.02)
    assert fill(dilated(points, 10.0), 100, 100)[fill(points, 100, 100)].all()


def test_no_area_and_outside_are_empty():
    assert not fill(np.array([[1.0, 1], [2, 2], [3, 3]]), 8, 8).any()
    assert not fill(np.array([[20.0, 20], [30, 20], [30, 30]]), 8, 8).any()
    assert fill(np.array([[-9.0, -9], [99, -9], [99, 99], [-9, 99]]), 8, 8).all()
