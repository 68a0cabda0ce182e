import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import mesh_clip, scored, sequence, values
from torchmetrics.functional.multimodal import lip_vertex_error

from harness.contracts import MissingSignal
from harness.testing import check_mesh_metric
from metrics import catalog


def by_loops(prediction, truth, lips):
    """(squared, not squared), pooled over the frames of lists of sequences."""
    squared, plain = [], []
    for p, g in zip(prediction, truth, strict=True):
        for t in range(len(g)):
            worst = 0.0
            for v in lips:
                worst = max(
                    worst, sum((float(p[t, v, k]) - float(g[t, v, k])) ** 2 for k in (0, 1, 2))
                )
            squared.append(worst)
            plain.append(worst**0.5)
    return sum(squared) / len(squared), sum(plain) / len(plain)


@pytest.mark.parametrize(("metric", "region"), [("lve", "lip"), ("eve", "eye")])
def test_equals_loops_and_torchmetrics(metric, region):
    truth, prediction, chosen = sequence(1), sequence(2), [3, 5, 11]
    found = values(metric, prediction, truth, **{region: chosen})
    squared, plain = by_loops([prediction], [truth], chosen)
    assert found == {metric: pytest.approx(squared), f"{metric}/l2": pytest.approx(plain)}
    theirs = lip_vertex_error(torch.from_numpy(prediction), torch.from_numpy(truth), chosen)
    assert found[metric] == pytest.approx(float(theirs), rel=1e-6)


def test_the_example_of_the_notes():
    truth = np.zeros((4, 9, 3), np.float32)
    prediction = truth.copy()
    prediction[:, 2, 0], prediction[:, 7, 1] = 2, 3
    assert values("lve", prediction, truth, lip=[1, 2])["lve"] == 4
    assert values("lve", prediction, truth, lip=[1, 2, 7])["lve"] == 9


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=3), st.integers(0, 99))
def test_a_constant_offset_gives_its_square(offset, seed):
    truth = sequence(seed).astype(np.float64)
    found = values("lve", truth + np.array(offset), truth)
    length = float(np.linalg.norm(offset))
    assert found["lve"] == pytest.approx(length**2, rel=1e-6, abs=1e-9)
    assert found["lve/l2"] == pytest.approx(length, rel=1e-6, abs=1e-9)


def test_one_outlier_of_five_in_one_frame():
    truth = sequence(0, frames=8).astype(np.float64)
    prediction = truth.copy()
    prediction[3, 4, 2] += 5
    found = values("lve", prediction, truth)
    assert found == {"lve": pytest.approx(25 / 8), "lve/l2": pytest.approx(5 / 8)}
    assert values("lve", prediction, truth, lip=[0, 1])["lve"] == 0


def test_the_order_of_the_list_and_other_vertices_do_not_matter():
    truth, prediction = sequence(1), sequence(2)
    lips = [2, 9, 4, 17]
    found = values("lve", prediction, truth, lip=lips)
    assert values("lve", prediction, truth, lip=lips[::-1]) == found
    order = np.random.default_rng(3).permutation(20)
    moved = [int(np.flatnonzero(order == v)[0]) for v in lips]
    assert values("lve", prediction[:, order], truth[:, order], lip=moved) == found
    elsewhere = prediction.copy()
    elsewhere[:, 5] += 100
    assert values("lve", elsewhere, truth, lip=lips) == found


def test_a_template_taken_from_both_changes_nothing():
    truth, prediction, template = sequence(1), sequence(2), sequence(3, frames=1)[0]
    found = values("lve", prediction - template, truth - template)["lve"]
    assert found == pytest.approx(values("lve", prediction, truth)["lve"], rel=1e-5)


def test_pools_all_frames_as_the_public_code_does():
    truths = [sequence(1, 3), sequence(2, 11)]
    predictions = [sequence(3, 3), 3 * sequence(4, 11)]
    metric = catalog.build("lve")
    pairs = zip(predictions, truths, strict=True)
    results = [scored(metric, mesh_clip(p, g, lip=[1, 6])) for p, g in pairs]
    squared, plain = by_loops(predictions, truths, [1, 6])
    pooled = metric.pool(results)
    assert pooled == {"lve": pytest.approx(squared), "lve/l2": pytest.approx(plain)}
    assert pooled["lve"] != pytest.approx(np.mean([r.values["lve"] for r in results]), rel=0.05)
    assert metric.pool([]) == {"lve": None, "lve/l2": None}


def test_a_frame_that_is_not_finite_is_a_failure_and_not_a_zero():
    truth, prediction = sequence(1), sequence(2)
    prediction[4, 0, 1] = np.nan
    result = scored("lve", mesh_clip(prediction, truth))
    keep = [0, 1, 2, 3, 5, 6]
    assert result.values == values("lve", prediction[keep], truth[keep])
    assert [(f.type, f.item) for f in result.failures] == [("nan", 4)]
    assert result.n == 6
    assert np.flatnonzero(np.isnan(result.items["lve"])).tolist() == [4]
    metric = catalog.build("lve")
    assert metric.pool([result, result])["lve"] == pytest.approx(result.values["lve"])
    prediction[:] = np.inf
    result = scored("lve", mesh_clip(prediction, truth))
    assert result.values == {"lve": None, "lve/l2": None}
    assert len(result.failures) == 7
    assert metric.pool([result]) == {"lve": None, "lve/l2": None}


def test_the_first_of_several_samples_is_scored():
    truth, first = sequence(1), sequence(2)
    found = values("lve", np.stack([first, sequence(3)]), truth)
    assert found == values("lve", first, truth)


def test_details_name_the_list():
    details = scored("lve", mesh_clip(sequence(1), sequence(2), lip=[4, 8, 9])).details
    assert details["regions"] == {"lip": {"vertices": 3, "sha256": "sha256 of lip"}}
    assert (details["frames"], details["vertices"], details["samples"]) == (7, 20, 1)


def test_without_a_list_the_flag_is_named():
    clip = mesh_clip(sequence(1), sequence(2))
    del clip.signals["regions"].indices["eye"]
    with pytest.raises(MissingSignal, match="--region eye=FILE"):
        scored("eve", clip)
    assert scored("lve", clip).values["lve"] > 0


@pytest.mark.parametrize("metric", ["lve", "eve"])
def test_conforms(metric):
    check_mesh_metric(catalog.build(metric), mesh_clip(sequence(1, 40), sequence(2, 40)))
