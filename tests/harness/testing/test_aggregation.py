"""A declared aggregation that a metric's own values contradict is found."""

from __future__ import annotations

import numpy as np
import pytest

from harness.contracts import Clip, Column, Failure, Metric, MetricResult, MetricSpec
from harness.testing import check_mesh_metric, check_metric, tiny_clip

MEAN, POOLED, PER_SEQUENCE = "mean of items", "of the pooled features", "per sequence"


class Errors(Metric):
    """Mean absolute error of each frame; the option `made` says how the value is made of them."""

    def begin(self, clip):
        self.errors = []

    def update(self, batch):
        difference = batch.prediction.astype(float) - batch.truth
        self.errors += np.abs(difference).mean((1, 2, 3)).tolist()

    def compute(self):
        errors = np.array(self.errors)
        made = self.spec.options["made"]
        value = np.median(errors) if made == "median" else errors.mean()
        items = {} if made in ("median", "no items", "all items") else {"x": errors}
        if made == "other items":
            items = {"x": 2 * errors}
        return MetricResult({"x": float(value)}, len(errors), items, features={"e": errors})

    def pool(self, results):
        if self.spec.options["made"] in ("all items", "weighted"):
            return {"x": float(np.concatenate([r.features["e"] for r in results]).mean())}
        if self.spec.options["made"] == "another pool":
            return {"x": 2.0 * super().pool(results)["x"]}
        return super().pool(results)


def metric(aggregation: str, made: str, cls: type[Metric] = Errors, track: str = "video") -> Metric:
    column = Column("x", "down", "", (0.0, None), "x", aggregation)
    return cls(MetricSpec("x", "X", "-", (column,), "-", track=track, options={"made": made}), {})


@pytest.mark.parametrize(
    ("aggregation", "made"),
    [
        (MEAN, "mean"),
        (PER_SEQUENCE, "median"),
        (PER_SEQUENCE, "no items"),
        (PER_SEQUENCE, "other items"),
        (POOLED, "all items"),
        (POOLED, "weighted"),
    ],
)
def test_true_declarations_pass(aggregation, made):
    check_metric(metric(aggregation, made), *tiny_clip(12))


WRONG = [
    (MEAN, "median", "has a value and no items"),
    (MEAN, "no items", "has a value and no items"),
    (MEAN, "other items", "the mean of its items is"),
    (MEAN, "weighted", "the mean over sequences is .*: declare 'of the pooled features'"),
    (MEAN, "another pool", r"pool\(\) of one result"),
    (POOLED, "another pool", r"pool\(\) of one result"),
    (POOLED, "mean", "gives the mean over sequences: declare 'mean of items'"),
    (POOLED, "median", "gives the mean over sequences"),
    (PER_SEQUENCE, "another pool", r"pool\(\) of one result"),
    (PER_SEQUENCE, "all items", "the mean over sequences is .*: declare 'of the pooled features'"),
    (PER_SEQUENCE, "mean", "its value is the mean of its items: declare 'mean of items'"),
]


@pytest.mark.parametrize(("aggregation", "made", "message"), WRONG)
def test_false_declarations_are_found(aggregation, made, message):
    with pytest.raises(AssertionError, match=message):
        check_metric(metric(aggregation, made), *tiny_clip(12))


class MeshErrors(Errors):
    """The same of vertices [T,V,3]."""

    def begin(self, clip):
        difference = clip.predicted["vertices"] - clip.signals["vertices"]
        self.errors = np.abs(difference).mean((1, 2)).tolist()


@pytest.mark.parametrize(("aggregation", "made", "message"), WRONG)
def test_false_declarations_of_mesh_metrics_are_found(aggregation, made, message):
    rng = np.random.default_rng(0)
    vertices = {"vertices": rng.normal(size=(9, 5, 3))}
    other = {"vertices": rng.normal(size=(9, 5, 3))}
    clip = Clip("a", 25.0, 9, 0, 0, np.zeros(0, np.float32), signals=vertices, predicted=other)
    check_mesh_metric(metric(MEAN, "mean", MeshErrors, "mesh"), clip)
    with pytest.raises(AssertionError):
        check_mesh_metric(metric(aggregation, made, MeshErrors, "mesh"), clip)


def test_a_column_without_a_value_contradicts_nothing():
    class Nothing(Errors):
        def compute(self):
            return MetricResult({"x": None}, 0, failures=[Failure("too_short", "of no length")])

    for aggregation in (MEAN, POOLED, PER_SEQUENCE):
        check_metric(metric(aggregation, "mean", Nothing), *tiny_clip(12))


def test_an_unknown_aggregation_is_refused():
    with pytest.raises(ValueError, match="'median' is none of 'mean of items'"):
        Column("x", "up", "", (None, None), "x", "median")
