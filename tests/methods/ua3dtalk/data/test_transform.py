import dataclasses
import json

import numpy as np
import pytest

from harness.contracts import BadInput, Camera, Masks
from methods.ua3dtalk.data.transform import FILL, SceneTransform, normalise

BOUND = 0.15


def project(K, viewmats, points):
    camera = np.einsum("tij,nj->tni", viewmats[:, :3, :3], points) + viewmats[:, None, :3, 3]
    pixels = np.einsum("tij,tnj->tni", K, camera)
    return pixels[..., :2] / pixels[..., 2:]


def test_the_similarity_changes_no_projection(sequence):
    camera = sequence.signal("camera")
    transform = SceneTransform((0.01, -0.02, 0.03), 1.7)
    points = np.random.default_rng(0).normal(0, 0.08, (20, 3))
    scene = (points - np.asarray(transform.centre)) * transform.scale
    before = project(camera.K, camera.world_to_camera, points)
    after = project(camera.K, transform.viewmats(camera.world_to_camera), scene)
    assert np.allclose(before, after, atol=1e-3)


def test_the_head_fills_the_cube(sequence):
    transform = normalise([("x", sequence.signal("camera"), sequence.signal("masks"))], BOUND)
    # The fixture's ellipsoid is centred on the origin and 0.10 high.
    assert np.allclose(transform.centre, 0, atol=0.004)
    assert 0.10 * transform.scale == pytest.approx(FILL * BOUND, rel=0.06)


@pytest.mark.parametrize("unit", [0.1, 10.0, 1000.0])
def test_the_units_of_a_loader_do_not_matter(sequence, unit):
    camera, masks = sequence.signal("camera"), sequence.signal("masks")
    moved = np.array(camera.world_to_camera)
    moved[:, :3, 3] *= unit
    one = normalise([("x", camera, masks)], BOUND)
    two = normalise([("x", Camera(camera.K, moved), masks)], BOUND)
    assert np.allclose(one.viewmats(camera.world_to_camera), two.viewmats(moved), atol=1e-5)


def test_it_survives_json(sequence):
    transform = normalise([("x", sequence.signal("camera"), sequence.signal("masks"))], BOUND)
    again = SceneTransform(**json.loads(json.dumps(dataclasses.asdict(transform))))
    poses = sequence.signal("camera").world_to_camera
    assert np.array_equal(again.viewmats(poses), transform.viewmats(poses))


def test_bad_cameras_and_masks_are_refused(sequence):
    camera, masks = sequence.signal("camera"), sequence.signal("masks")
    with pytest.raises(BadInput, match="no frame has a head"):
        normalise([("x", camera, Masks(np.zeros_like(masks.bits)))], BOUND)
    behind = np.array(camera.world_to_camera)
    behind[3, 2, 3] = -1
    with pytest.raises(BadInput, match="frame 3"):
        normalise([("x", dataclasses.replace(camera, world_to_camera=behind), masks)], BOUND)
    behind[3, 2, 3] = np.nan
    with pytest.raises(BadInput, match="not finite"):
        normalise([("x", dataclasses.replace(camera, world_to_camera=behind), masks)], BOUND)
