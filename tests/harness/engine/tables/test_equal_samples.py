"""Rows of one table stand on the same samples, or say that they cannot."""

from pathlib import Path

import numpy as np
import pytest

from harness.contracts import Failure, MetricResult
from harness.engine.tables.equal_samples import common_frames, restricted
from metrics import catalog
from metrics.common.distribution import Distribution
from metrics.common.frechet import frechet_distance


class Toy(Distribution):
    def begin(self, clip):
        raise NotImplementedError

    update = compute = begin


@pytest.fixture
def metric():
    return Toy(catalog.spec("e_fid/synthetic"), {"synthetic-face": Path("unused")})


def result_of(metric, frames, seed=0):
    rng = np.random.default_rng(seed)
    pool = rng.normal(size=(2, 40, 3))
    return metric.compare(pool[0][frames], pool[1][frames], np.asarray(frames))


def test_rows_are_cut_to_the_frames_that_all_have(metric):
    a = result_of(metric, np.arange(40))
    b = result_of(metric, np.arange(5, 40), seed=1)
    b.failures.append(Failure("no_face", "no face was found", 0))
    common = common_frames([("clip", 40, a), ("clip", 40, b)])
    assert common["clip"].tolist() == list(range(5, 40))
    cut = restricted(metric, a, "clip", common)
    assert cut.n == 35
    expected = frechet_distance(a.features["prediction"][5:], a.features["truth"][5:])
    assert metric.pool([cut])[metric.spec.columns[0].name] == expected
    assert "35 samples that all rows could score, of 40" in cut.warnings[-1]
    same = restricted(metric, b, "clip", common)
    assert same.values == b.values
    assert same.failures == b.failures


def test_a_row_with_few_frames_fails_and_shortens_no_other(metric):
    whole, poor = result_of(metric, np.arange(40)), result_of(metric, np.arange(3))
    common = common_frames([("clip", 40, whole), ("clip", 40, poor)])
    assert len(common["clip"]) == 40
    told = restricted(metric, poor, "clip", common)
    assert set(told.values.values()) == {None}
    assert told.failures[0].message == "only 3 frames could be scored"
    assert restricted(metric, whole, "clip", common).values == whole.values


def test_a_row_without_any_sample_keeps_its_own_reasons(metric):
    nothing = MetricResult({}, 0, failures=[Failure("no_frames", "no frame has a face")])
    told = restricted(metric, nothing, "clip", {})
    assert [f.type for f in told.failures] == ["too_few_samples", "no_frames"]
