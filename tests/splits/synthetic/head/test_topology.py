from collections import Counter

import numpy as np
import pytest

from splits.synthetic.head.parts import Region
from splits.synthetic.head.topology import skin_topology


def boundary_loops(faces: np.ndarray) -> list[int]:
    """Lengths of the boundary loops; fails where two faces claim the same directed edge."""
    edges = Counter((int(f[i]), int(f[(i + 1) % 3])) for f in faces for i in range(3))
    assert max(edges.values()) == 1
    following = {a: b for a, b in edges if (b, a) not in edges}
    lengths = []
    while following:
        start, at = next(iter(following.items()))
        length, at = 1, following.pop(start)
        while at != start:
            at, length = following.pop(at), length + 1
        lengths.append(length)
    return sorted(lengths)


def test_the_skin_is_one_sheet_with_two_eyes_a_mouth_and_a_neck_opening():
    top = skin_topology()
    assert boundary_loops(top.faces) == sorted(
        [
            top.eye_rings.shape[2],
            top.eye_rings.shape[2],
            top.mouth_rings.shape[1],
            len(top.neck_loop),
        ]
    )
    vertices, faces = len(top.s), len(top.faces)
    edges = len(
        {tuple(sorted((int(f[i]), int(f[(i + 1) % 3])))) for f in top.faces for i in range(3)}
    )
    assert vertices - edges + faces == 2 - 4  # a sphere with four holes


def test_every_skin_vertex_is_used_and_mirrors_onto_its_twin():
    top = skin_topology()
    assert set(np.unique(top.faces)) == set(range(len(top.s)))
    np.testing.assert_array_equal(top.mirror[top.mirror], np.arange(len(top.s)))
    np.testing.assert_allclose(top.s[top.mirror], np.where(np.abs(top.s) < 0.289, -top.s, top.s))
    np.testing.assert_array_equal(top.v[top.mirror], top.v)
    faces = {tuple(sorted(map(int, f))) for f in top.faces}
    assert {tuple(sorted(map(int, top.mirror[f]))) for f in top.faces} == faces


def test_the_lined_mouth_and_rimmed_lids_leave_only_lids_and_neck_open(average):
    region = average.face_region
    own = np.isin(region, [Region.SKIN, Region.LIP_INNER, Region.CAVITY, Region.LID_RIM])
    loops = boundary_loops(average.faces[own])
    top = average.topology
    assert loops == sorted([top.eye_rings.shape[2]] * 2 + [len(top.neck_loop)])


@pytest.mark.parametrize("part", ["eye_left", "eye_right"])
def test_each_eyeball_is_a_disc(average, part):
    own = average.slices[part]
    faces = average.faces[(average.faces >= own.start).all(1) & (average.faces < own.stop).all(1)]
    assert len(boundary_loops(faces)) == 1


def test_vertex_budget_and_bound(average, heads):
    for head in [average, *heads]:
        assert 5000 <= len(head.rest) <= 8000
        assert np.linalg.norm(head.rest, axis=1).max() < 0.15
        assert np.abs(head.rest).max() < 0.135
        assert head.faces.dtype == np.int32
        assert head.faces.min() == 0
        assert head.faces.max() == len(head.rest) - 1
        assert len(head.region) == len(head.rest)
        assert len(head.face_region) == len(head.faces)
