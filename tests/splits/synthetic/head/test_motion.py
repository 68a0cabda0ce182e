import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splits.synthetic.controls import CONTROLS
from splits.synthetic.head import HeadModel, Identity, Region

GAZE = ("gaze_yaw", "gaze_pitch")


def moved(head, values):
    return np.linalg.norm(head.vertices(values) - head.rest, axis=1)


def test_zero_controls_are_the_neutral_closed_mouth(average, heads, controls):
    for head in [average, *heads]:
        np.testing.assert_array_equal(head.vertices(controls()), head.rest)
        assert head.mouth_gap(head.rest) < 1e-6


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_moves_something_and_not_everything(average, controls, name):
    full = {"jaw": 20.0, "tongue": 1.0, "gaze_yaw": 20.0, "gaze_pitch": 15.0}.get(name, 5.0)
    far = moved(average, controls(**{name: full}))
    assert 1.5e-3 < far.max() < 0.06
    assert (far > 1e-4).mean() < 0.45
    still = np.isin(average.region, [Region.HAIR, Region.EAR])
    assert far[still].max() == 0


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("AU01", -0.08, 0.02),
        ("AU02", -0.08, 0.02),
        ("AU04", -0.07, 0.02),
        ("AU05", -0.03, 0.02),
        ("AU06", -0.04, 0.06),
        ("AU07", -0.03, 0.02),
        ("AU12", 0.0, 0.13),
        ("AU14", 0.03, 0.11),
        ("AU15", 0.03, 0.13),
        ("AU17", 0.03, 0.15),
        ("AU18", 0.01, 0.13),
        ("AU20", 0.02, 0.12),
        ("AU23", 0.03, 0.12),
        ("AU24", 0.02, 0.12),
        ("AU25", 0.03, 0.13),
        ("AU45", -0.03, 0.02),
    ],
)
def test_action_units_stay_in_their_part_of_the_face(average, controls, name, low, high):
    top = average.topology
    far = moved(average, controls(**{name: 5}))[: len(top.s)]
    touched = far > 3e-4
    assert touched.any()
    assert top.v[touched].min() > low
    assert top.v[touched].max() < high
    assert np.abs(top.s[touched]).max() < 0.095


def test_brow_raiser_lifts_and_corner_puller_widens(average, controls):
    marks = average.landmark_vertices
    rest = average.rest[marks]
    raised = average.vertices(controls(AU01=5, AU02=5))[marks]
    assert (raised[17:27, 1] < rest[17:27, 1] - 1e-3).all()
    lowered = average.vertices(controls(AU04=5))[marks]
    assert (lowered[19:25, 1] > rest[19:25, 1]).all()
    smile = average.vertices(controls(AU12=5))[marks]
    assert smile[54, 0] - smile[48, 0] > rest[54, 0] - rest[48, 0] + 4e-3
    assert (smile[[48, 54], 1] < rest[[48, 54], 1] - 3e-3).all()
    pucker = average.vertices(controls(AU18=5))[marks]
    assert pucker[54, 0] - pucker[48, 0] < rest[54, 0] - rest[48, 0] - 6e-3
    frown = average.vertices(controls(AU15=5))[marks]
    assert (frown[[48, 54], 1] > rest[[48, 54], 1] + 2e-3).all()


@pytest.mark.parametrize("name", [n for n in CONTROLS if n not in GAZE])
def test_a_symmetric_subject_moves_symmetrically(average, controls, name):
    top = average.topology
    values = controls(**{name: 12.0 if name == "jaw" else 1.0 if name == "tongue" else 4.0})
    skin = average.vertices(values)[: len(top.s)].astype(np.float64)
    np.testing.assert_allclose(skin[top.mirror], skin * [-1, 1, 1], atol=2e-7)


def test_blink_closes_the_lids_and_jaw_opens_the_lips(average, heads, controls):
    for head in [average, *heads]:
        marks = head.landmark_vertices

        def lid(values, head=head, marks=marks):
            p = head.vertices(values)[marks]
            pairs = [(37, 41), (38, 40), (43, 47), (44, 46)]
            return np.mean([np.linalg.norm(p[a] - p[b]) for a, b in pairs])

        assert lid(controls(AU45=5)) < 0.2 * lid(controls())
        assert lid(controls(AU45=2.5)) < 0.75 * lid(controls())
        assert lid(controls(AU05=5)) > 1.15 * lid(controls())
        gaps = [head.mouth_gap(head.vertices(controls(jaw=a))) for a in (0, 5, 10, 20)]
        assert gaps[0] < 1e-6
        assert gaps[1] > 4e-3
        assert gaps == sorted(gaps)


def test_jaw_turns_rigidly_about_its_axis(average, controls):
    teeth = average.slices["teeth_lower"]
    rest, open_ = average.rest[teeth], average.vertices(controls(jaw=15))[teeth]

    def distances(p):
        return np.linalg.norm(p[:, None] - p[None], axis=-1)

    np.testing.assert_allclose(distances(open_), distances(rest), atol=1e-6)
    assert (
        average.vertices(controls(jaw=15))[average.slices["teeth_upper"]]
        == average.rest[average.slices["teeth_upper"]]
    ).all()
    assert open_[:, 1].mean() > rest[:, 1].mean() + 5e-3
    np.testing.assert_array_equal(
        average.vertices(controls(AU26=5)), average.vertices(controls(jaw=12.0))
    )


def test_gaze_turns_only_the_eyes_and_lids(average, controls):
    for name in GAZE:
        looked = average.vertices(controls(**{name: 20}))
        for eye, part in enumerate(("eye_left", "eye_right")):
            own = average.slices[part]
            radius = np.linalg.norm(looked[own] - average.eye_centres[eye], axis=1)
            before = np.linalg.norm(average.rest[own] - average.eye_centres[eye], axis=1)
            np.testing.assert_allclose(radius, before, atol=1e-6)
    pupil = average.slices["eye_left"].start
    assert average.vertices(controls(gaze_yaw=20))[pupil, 0] > average.rest[pupil, 0] + 3e-3
    assert average.vertices(controls(gaze_pitch=20))[pupil, 1] < average.rest[pupil, 1] - 3e-3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 5), min_size=20, max_size=20), st.floats(0, 20))
def test_lips_never_cross_and_lids_never_sink_into_the_eye(units, jaw):
    head = _average()
    values = np.array([*units, jaw, 0, 0, 0], np.float32)
    points = head.vertices(values).astype(np.float64)
    assert np.isfinite(points).all()
    pair = points[head.margin_pairs]
    assert (pair[:, 1, 1] - pair[:, 0, 1]).min() > -1e-6
    for eye in range(2):
        ring = points[head.topology.eye_rings[eye]]
        upper = ring[0, 1:18, 1]
        lower = ring[0, 35:18:-1, 1]
        assert (lower - upper).min() > -1e-6


_HEADS: list[HeadModel] = []


def _average() -> HeadModel:
    if not _HEADS:
        _HEADS.append(HeadModel(Identity.average()))
    return _HEADS[0]


def test_fields_are_linear_where_nothing_touches(average, controls):
    """Below contact, half the intensity gives half the way."""
    for name in ("AU01", "AU04", "AU12", "AU25"):
        brow = average.topology.v < 0.02
        whole = (
            average.vertices(controls(**{name: 4}))[: len(brow)][brow]
            - average.rest[: len(brow)][brow]
        )
        half = (
            average.vertices(controls(**{name: 2}))[: len(brow)][brow]
            - average.rest[: len(brow)][brow]
        )
        np.testing.assert_allclose(half, whole / 2, atol=2e-6)


def test_batches_equal_single_frames_bitwise(average):
    values = np.random.default_rng(0).uniform(0, 3, (4, len(CONTROLS))).astype(np.float32)
    batch = average.vertices(values)
    assert batch.dtype == np.float32
    for row, one in zip(values, batch, strict=True):
        np.testing.assert_array_equal(average.vertices(row), one)
    np.testing.assert_array_equal(HeadModel(Identity.average()).vertices(values), batch)


def test_bad_controls_are_refused(average):
    with pytest.raises(ValueError, match="controls must be"):
        average.vertices(np.zeros(7, np.float32))
    with pytest.raises(ValueError, match="not finite"):
        average.vertices(np.full(len(CONTROLS), np.nan))
