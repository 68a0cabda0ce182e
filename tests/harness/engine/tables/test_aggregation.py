"""From results of sequences to cells: means of items, pooled values, seeds, what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from harness.contracts import NOT_APPLICABLE, BadInput, Failure, Metric, MetricResult
from harness.engine.tables.aggregation import Scored, mean_over_seeds, metric_scores, values_by_seed
from harness.engine.tables.equal_samples import common_frames
from metrics import catalog
from metrics.common.distribution import Distribution
from metrics.common.frechet import frechet_distance
from reports.statistics import Series, estimate

FRECHET, MEAN = "e_fid/synthetic", "psnr"


class Frechet(Distribution):
    def begin(self, clip):
        raise NotImplementedError

    update = compute = begin


class Mean(Metric):
    def begin(self, clip):
        raise NotImplementedError

    update = compute = begin


@pytest.fixture
def frechet():
    return Frechet(catalog.spec(FRECHET), {"synthetic-face": Path("unused")})


@pytest.fixture
def mean():
    spec = catalog.spec(MEAN)
    return Mean(replace(spec, columns=spec.columns[:1]), {})


def sides(sequence, seed, frames=40):
    rng = np.random.default_rng(sequence)
    truth = rng.normal(rng.normal(size=3), 1.0, (frames, 3))
    own = np.random.default_rng([sequence, seed])
    return truth + own.normal(0.3, 0.4, (frames, 3)), truth


def distances(metric, sequences, seeds=(0,), subjects=4):
    return [
        Scored(
            f"r{r}", f"P{r % subjects}", s, metric.compare(*sides(r, s), frames=np.arange(40))
        )
        for s in seeds
        for r in range(sequences)
    ]  # fmt: skip


def means(sequences, seeds=(0,), subjects=4, frames=100):
    found = []
    for s in seeds:
        for r in range(sequences):
            items = (
                30
                + np.random.default_rng(r).normal(0, 2)
                + np.random.default_rng([r, s]).normal(0, 1, frames)
            )
            result = MetricResult({MEAN: float(items.mean())}, frames, {MEAN: items})
            found.append(Scored(f"r{r}", f"P{r % subjects}", s, result))
    return found


def test_seeds_are_averaged_and_never_pooled_as_more_frames(frechet):
    found = distances(frechet, 2, seeds=(0, 1))
    each = [
        frechet_distance(*(np.concatenate([sides(r, s)[k] for r in range(2)]) for k in (0, 1)))
        for s in (0, 1)
    ]
    by_seed = values_by_seed(frechet, [(one, one.result) for one in found])
    assert by_seed[FRECHET] == pytest.approx(dict(enumerate(each)))
    assert mean_over_seeds(by_seed)[FRECHET] == pytest.approx(np.mean(each))
    score = metric_scores(frechet, found, 25)[FRECHET]
    assert score.value == pytest.approx(np.mean(each))
    assert score.by_seed == pytest.approx({"0": each[0], "1": each[1]})


def test_a_pooled_value_is_stored_without_each_subject(frechet):
    score = metric_scores(frechet, distances(frechet, 8, seeds=(0, 1)), 25)[FRECHET]
    assert score.level == "left-out subjects"
    assert set(score.without) == {"P0", "P1", "P2", "P3"}
    rest = [r for r in range(8) if r % 4 != 2]
    expected = [
        frechet_distance(*(np.concatenate([sides(r, s)[k] for r in rest]) for k in (0, 1)))
        for s in (0, 1)
    ]
    assert score.without["P2"] == pytest.approx(np.mean(expected))
    values = np.array(list(score.without.values()))
    half = stats.t.ppf(0.975, 3) * np.sqrt(0.75 * np.square(values - values.mean()).sum())
    assert score.high == pytest.approx(score.value + half)
    assert score.low == pytest.approx(max(score.value - half, 0.0))


def test_sequences_are_left_out_where_subjects_are_few_and_nothing_where_both_are(frechet):
    score = metric_scores(frechet, distances(frechet, 6, subjects=3), 25)[FRECHET]
    assert score.level == "left-out sequences"
    assert set(score.without) == {f"r{r}" for r in range(6)}
    few = metric_scores(frechet, distances(frechet, 4, subjects=3), 25)[FRECHET]
    assert (few.low, few.level, few.without) == (None, "", {})
    seeds = metric_scores(frechet, distances(frechet, 1, seeds=(0, 1, 2)), 25)[FRECHET]
    assert (seeds.level, seeds.without) == ("seeds", {})
    assert seeds.low < seeds.value < seeds.high


def test_what_never_changes_has_no_interval():
    metric = Mean(replace(spec := catalog.spec(MEAN), columns=spec.columns[:1]), {})
    found = [Scored(f"r{i}", "P", 0, MetricResult({MEAN: 0.0}, 90)) for i in range(8)]
    score = metric_scores(metric, found, 25)[MEAN]
    assert (score.value, score.low, score.level) == (0.0, None, "left-out sequences")
    some = [replace(one, result=MetricResult({MEAN: float(i)}, 90)) for i, one in enumerate(found)]
    score = metric_scores(metric, some, 25)[MEAN]
    half = stats.t.ppf(0.975, 7) * stats.sem(range(8))
    assert (score.low, score.high) == pytest.approx((3.5 - half, 3.5 + half))
    one = [
        replace(one, result=MetricResult({MEAN: float(i == 7)}, 90)) for i, one in enumerate(found)
    ]
    score = metric_scores(metric, one, 25)[MEAN]
    assert score.low == 0  # 0.125 - 0.296 is no PSNR
    assert score.high == pytest.approx(0.125 + stats.t.ppf(0.975, 7) * 0.125)


def test_sequences_without_a_value_are_no_evidence(frechet):
    found = distances(frechet, 6, subjects=1)
    blind = MetricResult({FRECHET: None}, 0)
    some = [*found[:5], replace(found[5], result=blind)]
    score = metric_scores(frechet, some, 25)[FRECHET]
    assert set(score.without) == {f"r{r}" for r in range(5)}
    assert score.low == metric_scores(frechet, found[:5], 25)[FRECHET].low
    fewer = [*found[:4], *(replace(one, result=blind) for one in found[4:])]
    assert metric_scores(frechet, fewer, 25)[FRECHET].low is None


def test_an_interval_from_trainings_is_never_said_to_be_over_sequences(frechet):
    """Six sequences, two of them blind: too few to leave out, and the seeds tell the spread."""
    blind = MetricResult({FRECHET: None}, 0)
    found = distances(frechet, 6, seeds=(0, 1, 2), subjects=1)
    some = [replace(one, result=blind) if one.sequence in ("r4", "r5") else one for one in found]
    score = metric_scores(frechet, some, 25)[FRECHET]
    assert score.low is not None
    assert (score.level, score.without) == ("seeds", {})


def test_a_part_that_a_value_cannot_do_without_makes_the_spread_unknown(frechet):
    """Seed 1 rests on one sequence: the spread of the other five parts would be too small."""
    blind = MetricResult({FRECHET: None}, 0)
    found = distances(frechet, 6, seeds=(0, 1), subjects=1)
    some = [
        replace(one, result=blind) if one.seed == 1 and one.sequence != "r0" else one
        for one in found
    ]
    score = metric_scores(frechet, some, 25)[FRECHET]
    assert (score.low, score.level, score.without) == (None, "", {})
    assert metric_scores(frechet, found, 25)[FRECHET].low is not None


def test_samples_are_those_that_all_rows_have(frechet):
    found = distances(frechet, 5, subjects=1)
    short = replace(found[0], result=frechet.restrict(found[0].result, np.arange(30)))
    pairs = [(one.sequence, 40, one.result) for one in [*found, short]]
    common = common_frames(pairs)
    score = metric_scores(frechet, found, 25, common)[FRECHET]
    assert score.n == 4 * 40 + 30
    assert score.value == metric_scores(frechet, [short, *found[1:]], 25)[FRECHET].value


def test_one_sequence_under_one_seed_has_the_interval_of_its_blocks(mean):
    found = means(1)
    score = metric_scores(mean, found, 25)[MEAN]
    expected = estimate([Series("r0", found[0].result.items[MEAN])], 25, resamples=2_000)
    assert (score.low, score.high, score.level) == (expected.low, expected.high, "blocks")
    assert score.by_seed == score.without == {}


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (100, (28.656400423452514, 30.447570508908843)),
        (250, (29.517649006521136, 30.3148052890113)),
    ],
)
def test_intervals_of_one_sequence_are_those_of_schema_2(mean, frames, expected):
    items = np.random.default_rng(5).normal(30, 2, frames)
    result = MetricResult({MEAN: float(items.mean())}, frames, {MEAN: items})
    score = metric_scores(mean, [Scored("mini", "synthetic-0", 0, result)], 25)[MEAN]
    assert (score.low, score.high) == pytest.approx(expected, rel=1e-12)


def test_seeds_are_no_further_sequences(mean):
    once = metric_scores(mean, means(6, subjects=1), 25)[MEAN]
    many = metric_scores(mean, means(6, seeds=range(8), subjects=1), 25)[MEAN]
    assert once.level == many.level == "sequences"
    # Eight times the "sequences" would be nearly three times as narrow.
    assert many.high - many.low > 0.7 * (once.high - once.low)
    one = metric_scores(mean, means(1, seeds=range(8)), 25)[MEAN]
    assert one.level == "blocks"


def test_an_interval_is_around_the_value_that_it_stands_by(mean):
    """One seed could not score the hard half of every sequence: its mean is of the other half."""
    found = []
    for one in means(6, seeds=(0, 1), subjects=1):
        items = one.result.items[MEAN].copy()
        items[:50] -= 20
        if one.seed == 1:
            items[:50] = np.nan
        result = MetricResult({MEAN: float(np.nanmean(items))}, 100, {MEAN: items})
        found.append(replace(one, result=result))
    score = metric_scores(mean, found, 25)[MEAN]
    assert score.level == "sequences"
    assert score.low < score.value < score.high
    assert score.high - score.value == pytest.approx(score.value - score.low)


def test_an_interval_of_items_stays_within_what_a_column_can_be():
    spec = catalog.spec("ssim")
    column = replace(spec.columns[0], range=(-1.0, 1.0))
    metric = Mean(replace(spec, columns=(column,)), {})
    items = [np.full(100, v) for v in (1.0, 1.0, 0.9)]
    found = [
        Scored(f"r{i}", "P", 0, MetricResult({column.name: float(v.mean())}, 100, {column.name: v}))
        for i, v in enumerate(items)
    ]
    score = metric_scores(metric, found, 25)[column.name]
    assert score.high == 1.0
    assert score.low == pytest.approx(score.value - stats.t.ppf(0.975, 2) * stats.sem([1, 1, 0.9]))


def test_subjects_are_what_is_drawn(mean):
    found = means(12, subjects=4)
    score = metric_scores(mean, found, 25)[MEAN]
    assert score.level == "subjects"
    series = [Series(one.sequence, one.result.items[MEAN], one.subject) for one in found]
    expected = estimate(series, 25, resamples=2_000)
    assert (score.low, score.high) == (expected.low, expected.high)


def test_speed_has_no_interval_over_sequences():
    metric = Mean(replace(catalog.spec("fps"), needs_timing=True), {})
    name = metric.spec.columns[0].name
    found = [Scored(f"r{i}", "P", 0, MetricResult({name: 20.0 + i}, 90)) for i in range(8)]
    score = metric_scores(metric, found, 25)[name]
    assert score.value == 23.5
    assert (score.low, score.without) == (None, {})
    assert metric_scores(metric, [], 25) == {}


def test_a_declared_mean_whose_items_say_otherwise_is_refused(mean):
    items = np.full(100, 30.0)
    found = [Scored("r0", "P", 0, MetricResult({MEAN: 31.0}, 100, {MEAN: items}))]
    with pytest.raises(BadInput, match=r"declares psnr a mean of items, and .* do not give 31"):
        metric_scores(mean, found, 25)
    column = replace(mean.spec.columns[0], aggregation="per sequence")
    other = Mean(replace(mean.spec, columns=(column,)), {})
    score = metric_scores(other, found, 25)[MEAN]
    assert (score.value, score.low, score.by_seed) == (31.0, None, {"0": 31.0})


class AllItems(Mean):
    def pool(self, results):
        return {MEAN: float(np.concatenate([r.items[MEAN] for r in results]).mean())}


def test_a_mean_of_all_items_weighs_sequences_by_their_items(mean):
    found = [
        *means(3, subjects=1, frames=100),
        Scored("long", "P0", 0, MetricResult({MEAN: 29.0}, 400, {MEAN: np.full(400, 29.0)})),
    ]
    metric = AllItems(mean.spec, {})
    score = metric_scores(metric, found, 25)[MEAN]
    series = [Series(one.sequence, one.result.items[MEAN], one.subject) for one in found]
    expected = estimate(series, 25, weights="items", resamples=2_000)
    assert (score.value, score.high) == pytest.approx((expected.value, expected.high))
    assert score.details["mean_of"] == "all items"


def test_values_far_below_one_are_told_apart_by_their_items(mean):
    """An absolute tolerance would take any mean of values below it for the right one."""
    found = [
        Scored(f"r{i}", "P", 0, MetricResult({MEAN: v}, n, {MEAN: np.full(n, v)}))
        for i, (n, v) in enumerate([(40, 1e-8), (400, 3e-8)])
    ]
    assert "mean_of" not in metric_scores(mean, found, 25)[MEAN].details
    assert metric_scores(AllItems(mean.spec, {}), found, 25)[MEAN].details["mean_of"]


def test_failures_are_counted_by_column_and_items_add_up():
    """Seven of a hundred mouths are empty: that is no failure of the whole frame."""
    spec = catalog.spec(MEAN)
    whole, mouth, pooled = (
        replace(spec.columns[0], name=name, aggregation=how)
        for name, how in (
            ("whole", "mean of items"),
            ("mouth", "mean of items"),
            ("pooled", "of the pooled features"),
        )
    )
    metric = Mean(replace(spec, columns=(whole, mouth, pooled)), {})
    items = {"whole": np.full(100, 30.0), "mouth": np.full(100, 20.0)}
    items["mouth"][:7] = np.nan
    failures = [Failure("empty_mask", "no mouth", i) for i in range(7)]
    failures.append(Failure("no_audio", "of the whole sequence"))
    values = {"whole": 30.0, "mouth": 20.0, "pooled": 25.0}
    result = MetricResult(values, 100, items, failures)
    scores = metric_scores(metric, [Scored("r", "P", 0, result)], 25)
    counts = {name: (score.n, score.failures) for name, score in scores.items()}
    assert counts == {"whole": (100, 0), "mouth": (93, 7), "pooled": (100, 0)}
    assert scores["mouth"].details["failures_by_type"] == {"empty_mask": 7}
    assert "failures_by_type" not in scores["whole"].details


def test_items_that_are_undefined_are_not_failures(mean):
    """A derivative has no value at the first frames, in every row."""
    items = np.concatenate([[np.nan, np.nan], np.full(98, 3.0)])
    found = [Scored("r", "P", 0, MetricResult({MEAN: 3.0}, 98, {MEAN: items}))]
    score = metric_scores(mean, found, 25)[MEAN]
    assert (score.n, score.failures) == (98, 0)


def test_frames_without_a_face_are_failures_of_a_pooled_value(frechet):
    found = distances(frechet, 1)
    found[0].result.failures = [Failure("no_face", "no face was found", i) for i in range(5)]
    score = metric_scores(frechet, found, 25)[FRECHET]
    assert (score.n, score.failures) == (40, 5)


def test_a_missing_result_fails_the_row(mean):
    found = means(3)
    scores = metric_scores(mean, [*found[:2], replace(found[2], result=None)], 25)
    assert scores[MEAN].reason == "1 of 3 sequences failed"


def test_renders_of_several_seeds_are_not_counted_as_sequences(mean):
    found = means(2, seeds=(0, 1, 2))
    scores = metric_scores(mean, [*found[:5], replace(found[5], result=None)], 25)
    assert scores[MEAN].reason == "1 of 6 renders (of all seeds) failed"
    blind = MetricResult({MEAN: None}, 0, {MEAN: np.full(100, np.nan)})
    some = [*found[:5], replace(found[5], result=blind)]
    (warning,) = metric_scores(mean, some, 25)[MEAN].warnings
    assert warning == "1 of 6 renders (of all seeds) could not be scored"


def test_a_blind_sequence_leaves_a_mean_of_items_one(mean):
    """What it has no value of has no part in the mean, and none in the interval."""
    found = means(8)
    for blind in (
        MetricResult({MEAN: None}, 0, {MEAN: np.full(100, np.nan)}),
        MetricResult({MEAN: None}, 0),
    ):
        score = metric_scores(mean, [*found[:7], replace(found[7], result=blind)], 25)[MEAN]
        rest = metric_scores(mean, found[:7], 25)[MEAN]
        assert (score.level, score.without) == ("subjects", {})
        assert (score.value, score.low, score.high) == (rest.value, rest.low, rest.high)
        assert score.warnings == ("1 of 8 sequences could not be scored",)


@pytest.mark.parametrize(
    ("types", "status"),
    [
        ([NOT_APPLICABLE], "not applicable"),
        ([NOT_APPLICABLE, "no_face"], "failed"),
        (["no_face"], "failed"),
        ([], "failed"),
    ],
)
def test_nothing_to_measure_is_no_failure(mean, types, status):
    """Somebody who never blinks has no duration of blinks, and nothing went wrong."""
    failures = [Failure(kind, f"because of {kind}") for kind in types]
    empty = MetricResult({MEAN: None}, 10, failures=failures)
    alone = metric_scores(mean, [Scored("a", "P", 0, empty)], 25)[MEAN]
    assert (alone.status, alone.value) == (status, None)
    both = metric_scores(mean, [*means(7), Scored("a", "P", 0, empty)], 25)[MEAN]
    said = "not applicable to 1 of 8 sequences"
    assert both.status == "ok"
    assert both.warnings == (
        said if status != "failed" else "1 of 8 sequences could not be scored",
    )
