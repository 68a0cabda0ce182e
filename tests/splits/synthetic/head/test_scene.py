import numpy as np
import pytest

from harness.contracts import MASK_BITS
from splits.synthetic.head import HeadModel, Scene

EXPRESSIONS = [
    {},
    {"AU12": 4.0, "AU06": 3.0, "AU25": 3.0},
    {"jaw": 14.0, "AU25": 3.0, "tongue": 0.5},
    {"AU45": 5.0, "AU04": 3.0},
]
POSES = [(0.0, 0.0, 0.0), (0.3, -0.1, 0.05), (-0.35, 0.15, -0.08)]


def has(view, name):
    return (view.bits & MASK_BITS[name]) != 0


@pytest.fixture(scope="module", params=range(len(EXPRESSIONS)))
def view(request, scene, average, controls):
    values = controls(**EXPRESSIONS[request.param])
    pose = POSES[request.param % len(POSES)]
    return scene.render(
        average.vertices(values), scene.world_to_camera(*pose, (0.004, -0.003, 0.01))
    )


def test_shapes_and_types(view):
    assert view.rgb.dtype == view.plate.dtype == view.bits.dtype == np.uint8
    assert view.rgb.shape == view.plate.shape == (128, 128, 3)
    assert view.bits.shape == (128, 128)
    assert view.landmarks.dtype == np.float32
    assert view.landmarks.shape == (68, 2)


def test_the_plate_is_the_frame_outside_the_head(view):
    outside = ~has(view, "head")
    np.testing.assert_array_equal(view.rgb[outside], view.plate[outside])
    assert np.abs(view.rgb.astype(int) - view.plate)[has(view, "head")].mean() > 10


def test_regions_overlap_as_the_contract_says(view):
    head, torso = has(view, "head"), has(view, "torso")
    for name in ("face", "hair", "mouth"):
        assert not (has(view, name) & ~head).any(), name
    assert not (has(view, "mouth") & ~has(view, "face")).any()
    assert not (torso & head).any()
    assert not (has(view, "face") & has(view, "hair")).sum() > 0.1 * head.sum()
    assert 0.12 < head.mean() < 0.40
    assert has(view, "face").sum() > 0.4 * head.sum()
    assert has(view, "hair").sum() > 0.08 * head.sum()
    assert torso.mean() > 0.1


def test_landmarks_lie_on_the_head(view):
    head = np.pad(has(view, "head"), 2)
    near = sum(np.roll(np.roll(head, i, 0), j, 1) for i in (-2, 0, 2) for j in (-2, 0, 2)) > 0
    x, y = np.floor(view.landmarks).astype(int).T + 2
    assert near[y, x].all()
    mouth = has(view, "mouth")
    if mouth.any():
        low, high = view.landmarks[48:].min(0) - 1, view.landmarks[48:].max(0) + 1
        ys, xs = np.nonzero(mouth)
        assert (xs >= low[0]).all()
        assert (xs <= high[0]).all()
        assert (ys >= low[1]).all()
        assert (ys <= high[1]).all()


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("unit", [{}, {"AU24": 5.0}, {"AU12": 5.0}, {"AU18": 5.0}, {"AU17": 5.0}])
def test_a_closed_mouth_shows_no_inside(scene, average, heads, controls, pose, unit):
    for head in (average, heads[0]):
        own = scene if head is average else Scene(head, 128, 128)
        seen = own.render(head.vertices(controls(**unit)), own.world_to_camera(*pose))
        assert not has(seen, "mouth").any()


def test_an_open_mouth_shows_its_inside(scene, average, controls):
    areas = []
    for jaw in (4, 8, 16):
        seen = scene.render(average.vertices(controls(jaw=jaw)), scene.world_to_camera(0, 0, 0))
        areas.append(int(has(seen, "mouth").sum()))
    assert areas[0] > 5
    assert areas == sorted(areas)


def test_landmarks_are_projected_vertices_in_ibug_order(scene, average):
    pose = scene.world_to_camera(0.2, 0.1, -0.1, (0.01, 0, 0.05))
    seen = scene.render(average.rest, pose)
    points = (
        average.rest[average.landmark_vertices].astype(np.float64) @ pose[:3, :3].T + pose[:3, 3]
    )
    uvw = points @ scene.K.T.astype(np.float64)
    np.testing.assert_allclose(seen.landmarks, uvw[:, :2] / uvw[:, 2:], atol=1e-3)
    marks = scene.render(average.rest, scene.world_to_camera(0, 0, 0)).landmarks
    assert (np.diff(marks[:17, 0]) > 0).all()  # jaw, from the viewer's left to the right
    assert (np.diff(marks[:9, 1]) > 0).all()
    assert (np.diff(marks[17:27, 0]) > 0).all()
    assert (np.diff(marks[27:31, 1]) > 0).all()
    assert (np.diff(marks[31:36, 0]) > 0).all()
    assert (np.diff(marks[48:55, 0]) > 0).all()
    assert (np.diff(marks[54:60, 0]) < 0).all()
    for first in (36, 42):
        assert marks[first, 0] == marks[first : first + 6, 0].min()
        assert marks[first + 3, 0] == marks[first : first + 6, 0].max()
        assert (marks[first + 1 : first + 3, 1] < marks[first + 4 : first + 6, 1]).all()
    assert len(set(average.landmark_vertices.tolist())) == 68


def test_head_fills_its_share_of_the_portrait(scene, average):
    seen = scene.render(average.rest, scene.world_to_camera(0, 0, 0))
    rows = np.flatnonzero(has(seen, "head").any(1))
    assert 0.52 < (rows[-1] - rows[0] + 1) / 128 < 0.63
    assert rows[0] > 5


def test_pose_turns_the_head_and_leaves_the_room(scene, average):
    still = scene.render(average.rest, scene.world_to_camera(0, 0, 0))
    turned = scene.render(average.rest, scene.world_to_camera(0.3, 0, 0))
    np.testing.assert_array_equal(still.plate, turned.plate)
    assert turned.landmarks[30, 0] > still.landmarks[30, 0] + 5  # the nose goes to the right
    nod = scene.render(average.rest, scene.world_to_camera(0, 0.2, 0))
    assert nod.landmarks[30, 1] > still.landmarks[30, 1] + 3
    tilt = scene.render(average.rest, scene.world_to_camera(0, 0, 0.2)).landmarks
    assert tilt[45, 1] - tilt[36, 1] > 3  # clockwise as seen
    pose = scene.world_to_camera(0.3, 0.2, -0.1)
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-6)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1, abs=1e-5)


def test_rendering_is_deterministic(heads, controls):
    values = controls(AU12=3, jaw=6, gaze_yaw=10)
    first, again = heads[1], HeadModel(3)
    views = []
    for head in (first, again):
        scene = Scene(head, 96, 80)
        views.append(scene.render(head.vertices(values), scene.world_to_camera(0.1, 0, 0)))
    for name in ("rgb", "plate", "bits", "landmarks"):
        np.testing.assert_array_equal(getattr(views[0], name), getattr(views[1], name))


def test_subjects_differ_and_look_lit(heads):
    views = []
    for head in heads:
        scene = Scene(head, 96, 96)
        views.append(scene.render(head.rest, scene.world_to_camera(0, 0, 0)))
    for i, one in enumerate(views):
        face = one.rgb[has(one, "face")].astype(float)
        assert 30 < face.mean() < 225
        assert face.std() > 15
        for other in views[i + 1 :]:
            assert np.abs(one.rgb.astype(int) - other.rgb).mean() > 5


def test_blink_hides_the_eye(scene, average, controls):
    """The whites vanish: the brightest pixel between the lids gets darker."""
    pose = scene.world_to_camera(0, 0, 0)
    open_ = scene.render(average.rest, pose)
    shut = scene.render(average.vertices(controls(AU45=5)), pose)
    low = np.floor(open_.landmarks[36:42].min(0)).astype(int)
    high = np.ceil(open_.landmarks[36:42].max(0)).astype(int)
    eye = (slice(low[1], high[1] + 1), slice(low[0], high[0] + 1))
    assert (
        shut.rgb[eye].astype(int).std(axis=(0, 1)).mean()
        < open_.rgb[eye].astype(int).std(axis=(0, 1)).mean()
    )


def test_bad_input_is_refused(scene, average):
    with pytest.raises(ValueError, match="too small"):
        Scene(average, 8, 8)
    with pytest.raises(ValueError, match="vertices must be"):
        scene.render(average.rest[:10], scene.world_to_camera(0, 0, 0))
