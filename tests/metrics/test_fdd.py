import statistics

import numpy as np
import pytest
from meshes import mesh_clip, scored, sequence, values

from harness.contracts import BadInput
from harness.testing import check_mesh_metric
from metrics import catalog

UPPER = [2, 3, 8, 13]


def by_loops(prediction, truth, template, upper):
    def dynamics(x):
        total = 0.0
        for v in upper:
            norms = [
                sum((float(x[t, v, k]) - float(template[v, k])) ** 2 for k in range(3))
                for t in range(len(x))
            ]
            total += statistics.pstdev(norms)
        return total / len(upper)

    return dynamics(truth) - dynamics(prediction)


def test_equals_loops():
    truth, prediction, template = sequence(1), sequence(2), sequence(3, 1)[0]
    found = values("fdd", prediction, truth, template=template, upper=UPPER)
    expected = by_loops(prediction, truth, template, UPPER)
    assert found == {"fdd": pytest.approx(expected), "fdd/abs": pytest.approx(abs(expected))}


def test_is_zero_of_itself_and_blind_to_the_order_of_frames():
    truth, template = sequence(1), sequence(3, 1)[0]
    assert values("fdd", truth, truth, template=template) == {"fdd": 0, "fdd/abs": 0}
    shuffled = truth[np.random.default_rng(0).permutation(len(truth))]
    assert values("fdd", shuffled, truth, template=template)["fdd"] == pytest.approx(0, abs=1e-12)


def test_twice_the_motion_is_minus_three_times_the_value_of_a_still_face():
    template = sequence(3, 1)[0].astype(np.float64)
    motion = sequence(1).astype(np.float64)
    still = np.repeat(template[None], len(motion), 0)
    fields = {"template": template, "upper": UPPER}
    base = values("fdd", still, template + motion, **fields)
    twice = values("fdd", template + 2 * motion, template + motion, **fields)
    assert base["fdd"] > 0
    assert twice["fdd"] == pytest.approx(-3 * base["fdd"])
    assert twice["fdd/abs"] == pytest.approx(3 * base["fdd/abs"])


def test_order_within_the_list_and_vertices_outside_it_do_not_matter():
    truth, prediction = sequence(1), sequence(2)
    found = values("fdd", prediction, truth, upper=UPPER)["fdd"]
    again = values("fdd", prediction, truth, upper=UPPER[::-1])["fdd"]
    assert again == pytest.approx(found, rel=1e-12)
    prediction[:, 0] *= 50
    assert values("fdd", prediction, truth, upper=UPPER)["fdd"] == found


def test_pools_sequences_and_not_frames_and_signs_cancel():
    template = np.zeros((20, 3), np.float32)
    pairs = [(2 * sequence(1, 5), sequence(1, 5)), (0 * sequence(2, 50), sequence(2, 50))]
    metric = catalog.build("fdd")
    results = [scored(metric, mesh_clip(p, g, template)) for p, g in pairs]
    expected = [by_loops(p, g, template, range(20)) for p, g in pairs]
    assert expected[0] < 0 < expected[1]
    pooled = metric.pool(results)
    assert pooled["fdd"] == pytest.approx(sum(expected) / 2)
    assert pooled["fdd/abs"] == pytest.approx((abs(expected[0]) + abs(expected[1])) / 2)
    assert abs(pooled["fdd"]) < pooled["fdd/abs"]


def test_a_single_frame_has_no_value():
    result = scored("fdd", mesh_clip(sequence(1, 1), sequence(2, 1)))
    assert result.values == {"fdd": None, "fdd/abs": None}
    assert [f.type for f in result.failures] == ["too_few_frames"]


def test_a_lost_frame_is_left_out_of_both():
    truth, prediction = sequence(1), sequence(2)
    truth[2, 5, 0] = np.nan
    keep = [0, 1, 3, 4, 5, 6]
    result = scored("fdd", mesh_clip(prediction, truth))
    assert result.values == values("fdd", prediction[keep], truth[keep])
    assert [f.item for f in result.failures] == [2]


@pytest.mark.parametrize(
    ("template", "fact"),
    [(np.zeros((19, 3)), r"\[19, 3\]"), (np.full((20, 3), np.nan), "not finite")],
)
def test_a_wrong_template_is_refused(template, fact):
    with pytest.raises(BadInput, match=fact):
        values("fdd", sequence(1), sequence(2), template=template)


def test_conforms():
    check_mesh_metric(catalog.build("fdd"), mesh_clip(sequence(1), sequence(2)))
