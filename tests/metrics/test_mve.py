import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import mesh_clip, scored, sequence, values

from harness.testing import check_mesh_metric
from metrics import catalog


def by_loops(predictions, truths):
    """All distances of all sequences in one list, as FaceDiffuser stacks them."""
    distances = [
        math.dist(p[t, v].tolist(), g[t, v].tolist())
        for p, g in zip(predictions, truths, strict=True)
        for t in range(len(g))
        for v in range(g.shape[1])
    ]
    return sum(distances) / len(distances)


def test_equals_loops():
    truth, prediction = sequence(1, 40), sequence(2, 40)  # more than one block of frames
    expected = by_loops([prediction], [truth])
    assert values("mve", prediction, truth)["mve"] == pytest.approx(expected, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=3), st.integers(0, 99))
def test_a_constant_offset_gives_its_length(offset, seed):
    truth = sequence(seed).astype(np.float64)
    found = values("mve", truth + np.array(offset), truth)["mve"]
    assert found == pytest.approx(float(np.linalg.norm(offset)), rel=1e-6, abs=1e-9)


def test_is_symmetric_and_of_degree_one():
    a, b = sequence(1), sequence(2)
    found = values("mve", a, b)["mve"]
    assert values("mve", b, a)["mve"] == found
    assert values("mve", 1000 * a, 1000 * b)["mve"] == pytest.approx(1000 * found, rel=1e-6)


def test_pools_all_frames():
    truths, predictions = [sequence(1, 3), sequence(2, 11)], [sequence(3, 3), 9 * sequence(4, 11)]
    metric = catalog.build("mve")
    results = [scored(metric, mesh_clip(p, g)) for p, g in zip(predictions, truths, strict=True)]
    assert metric.pool(results)["mve"] == pytest.approx(by_loops(predictions, truths), rel=1e-9)


def test_needs_no_regions_and_no_template():
    clip = mesh_clip(sequence(1), sequence(2))
    del clip.signals["regions"], clip.signals["template"]
    assert scored("mve", clip).values["mve"] > 0


def test_conforms():
    check_mesh_metric(catalog.build("mve"), mesh_clip(sequence(1), sequence(2)))
