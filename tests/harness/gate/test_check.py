"""The gate on stored results: planted values are found, other protocols are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import stdev

import numpy as np
import pytest
from scipy import stats

from harness.contracts import BadInput, FailedCell
from harness.gate import baseline as baselines
from harness.gate import check
from tests.gate_results import FACTS, OFFSETS, VALUES, results, row, seeded, several, with_value

REFUSED = r"not a (readable )?JSON|cannot be read as a baseline|not finite"


@pytest.fixture
def kept():
    return baselines.make(several(), {"created": "today"})


def verdicts(kept, run):
    return {each.what: each.verdict for each in check.quality(kept, run, "run")}


def test_the_runs_of_a_baseline_pass(kept):
    for name, run in several():
        assert set(verdicts(kept, run).values()) == {"ok"}, name


def test_tolerance_is_students_t_with_a_floor(kept):
    entry = kept["rows"]["ours [audio]"]["columns"]["psnr"]
    spread = stdev(35 * (1 + offset) for offset in OFFSETS)
    assert entry["spread"] == pytest.approx(spread)
    assert entry["multiple"] == pytest.approx(stats.t.isf(0.002 / 5, 5))  # five columns vary
    expected = entry["multiple"] * spread * (1 + 1 / 6) ** 0.5
    assert baselines.tolerance(entry, FACTS["psnr"]) == pytest.approx(expected)
    of_three = entry["multiple"] * spread * (1 / 3 + 1 / 6) ** 0.5
    assert baselines.tolerance(entry, FACTS["psnr"], seeds=3) == pytest.approx(of_three)
    # What no seed moves is held by the floor: 0.05 dB, else 1% of the distance from the best.
    fixed = {"mean": 0.98, "spread": 0.0, "n": 6, "multiple": 5.0}
    assert baselines.tolerance(fixed, FACTS["psnr"]) == 0.05
    assert baselines.tolerance(fixed, FACTS["ssim/3dgs"]) == pytest.approx(2e-4)


def test_a_quantile_for_all_columns_together():
    """As two samples' t-test with equal variances would have it, for n seeds against many."""
    assert baselines.quantile(10, 1) == pytest.approx(stats.t.isf(0.002, 9))
    assert baselines.quantile(10, 50) > baselines.quantile(20, 50) > baselines.quantile(20, 5)
    assert baselines.quantile(10, 0) == baselines.quantile(10, 1)  # nothing varies


@pytest.mark.parametrize(
    ("column", "value", "verdict"),
    [
        ("psnr", 34.4, "worse"),
        ("psnr", 34.8, "ok"),
        ("psnr", 36.0, "better"),
        ("e_fid/synthetic", 0.22, "worse"),
        ("e_fid/synthetic", 0.15, "better"),
        ("ssim/3dgs", 0.975, "ok"),
        ("ssim/3dgs", 0.95, "worse"),
        ("sync_c/synthetic", 1.6, "worse"),
        ("psnr", None, "gone"),
        ("psnr", float("nan"), "gone"),
        ("jitter/synthetic", 999.0, None),
        ("fps/render", 1.0, None),
    ],
)
def test_planted_values(kept, column, value, verdict):
    found = verdicts(kept, with_value(seeded(0, 0.0), column, value, "no face was found"))
    assert found.get(f"ours [audio] {column}") == verdict
    assert {v for what, v in found.items() if what != f"ours [audio] {column}"} == {"ok"}


def test_a_lost_value_says_why(kept):
    run = with_value(seeded(0, 0.0), "psnr", None, "no face was found")
    (gone,) = check.failing(check.quality(kept, run, "run"))
    assert gone.note == "no face was found"


def test_controls_are_not_judged(kept):
    assert "ours [shuffled-audio]" not in kept["rows"]
    run = seeded(0, 0.0)
    control = row({"psnr": 1.0}, drive="shuffled-audio")
    run = replace(run, rows=(run.rows[0], control, run.rows[2]))
    assert set(verdicts(kept, run).values()) == {"ok"}


def test_missing_and_new_rows_and_failed_cells(kept):
    run = seeded(0, 0.0)
    failed = FailedCell("ours", "audio", "one", 0, "render", "RuntimeError", "it broke")
    run = replace(run, rows=(run.rows[0], row(method="newcomer")), failures=(failed,))
    found = verdicts(kept, run)
    assert found["truth [audio]"] == "gone"
    assert found["newcomer [audio]"] == "new"
    assert found["ours [audio] render of one"] == "failed"


@pytest.mark.parametrize(
    ("changed", "fact"),
    [
        ({"split": "toy@2"}, "split is 'toy@2', not 'toy@1'"),
        ({"preset": "paper"}, "preset is 'paper', not 'quick'"),
        ({"sequences": ("one", "two")}, "sequences is ['one', 'two'], not ['one']"),
        ({"protocol": {"fps": 25.0, "height": 128, "width": 64}}, "height is 128, not 64"),
    ],
)
def test_another_protocol_is_refused(kept, changed, fact):
    with pytest.raises(BadInput, match="a different protocol") as refused:
        check.quality(kept, results(row(**changed)), "run")
    assert fact in str(refused.value)


def test_other_metric_code_is_refused(kept):
    other = {**FACTS, "psnr": {**FACTS["psnr"], "code": "changed"}}
    with pytest.raises(BadInput, match="psnr was scored by different metric code"):
        check.quality(kept, replace(seeded(0, 0.0), columns=other), "run")


def test_results_that_do_not_name_their_code_are_refused(kept):
    old = {n: {k: v for k, v in facts.items() if k != "code"} for n, facts in FACTS.items()}
    with pytest.raises(BadInput, match="does not state which code"):
        check.quality(kept, replace(seeded(0, 0.0), columns=old), "run")


def test_rows_of_other_methods_alone_are_refused(kept):
    with pytest.raises(BadInput, match="none of its rows is in the baseline"):
        check.quality(kept, results(row(method="other")), "run")


def replaced(other):
    """Six runs, the last of one other row."""
    return [*several()[:5], ("last", results(other))]


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        (several()[:4], "runs of 5 seeds to know their spread, not 4"),
        ([*several()[:5], several()[0]], r"the seeds are \[0, 1, 2, 3, 4, 0\]"),
        (replaced(replace(row(), seeds=(7, 8))), r"pools the seeds \[7, 8\]"),
        (replaced(row(seed=7, preset="paper")), "differ from s0's"),
    ],
)
def test_runs_that_make_no_baseline(runs, sentence):
    with pytest.raises(BadInput, match=sentence):
        baselines.make(runs, {})


def test_runs_scored_by_other_code_make_no_baseline():
    other = {**FACTS, "psnr": {**FACTS["psnr"], "code": "changed"}}
    runs = [*several()[:5], ("s5", replace(several()[5][1], columns=other))]
    with pytest.raises(BadInput, match="different metric code than s0: psnr"):
        baselines.make(runs, {})


def test_failed_cells_make_no_baseline():
    failed = FailedCell("ours", "audio", "one", 0, "fit", "RuntimeError", "it broke")
    runs = [("a", replace(several()[0][1], failures=(failed,))), *several()[1:]]
    with pytest.raises(BadInput, match="1 of its cells failed"):
        baselines.make(runs, {})


def test_a_baseline_survives_its_file(kept, tmp_path):
    path = tmp_path / "ci.json"
    path.write_text(baselines.text(kept))
    assert baselines.read(path) == json.loads(json.dumps(kept))
    for content in ("{", "[]", "{}", "1", "null", "[" * 100_000, '{"format": 2, "rows": []}'):
        path.write_text(content)
        with pytest.raises(BadInput, match=REFUSED):
            baselines.read(path)
    path.write_text(baselines.text(kept | {"format": 99}))
    with pytest.raises(BadInput, match="its format is 99"):
        baselines.read(path)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", '"35"', "null", "true"]
)
@pytest.mark.parametrize("place", ["mean", "spread", "multiple", "n"])
def test_a_baseline_without_finite_numbers_is_refused(kept, tmp_path, place, number):
    """No run is worse than NaN, and every run is within infinity."""
    path = tmp_path / "ci.json"
    kept["rows"]["ours [audio]"]["columns"]["psnr"][place] = "HERE"
    path.write_text(json.dumps(kept).replace('"HERE"', number))
    with pytest.raises(BadInput, match=r"not a finite number|numbers is not finite"):
        baselines.read(path)


def test_throughput_without_finite_ratios_is_refused(kept, tmp_path):
    path = tmp_path / "ci.json"
    for ratio in (float("nan"), float("inf"), 0.0, -1.0, None):
        kept["throughput"] = {"machine": {}, "ratios": {"fusion": {"ratio": ratio}}}
        path.write_text(json.dumps(kept))
        with pytest.raises(BadInput, match=REFUSED):
            baselines.read(path)


def test_no_number_that_is_none_passes(kept):
    kept["rows"]["ours [audio]"]["columns"]["psnr"]["mean"] = float("nan")
    assert verdicts(kept, seeded(0, 0.0))["ours [audio] psnr"] == "worse"


def test_equally_good_runs_seldom_fail(monkeypatch):
    """Simulated seeds, independent in every column: the stated rate, and a planted loss."""
    rng = np.random.default_rng(0)
    spreads = {"psnr": 0.12, "psnr/head": 0.12, "ssim/3dgs": 5e-4, "sync_c/synthetic": 0.06}

    def drawn(seeds=(0,), loss=0.0):
        """The mean over `seeds` of values with the columns' spreads."""
        noise = {n: rng.normal(0, s, len(seeds)).mean() for n, s in spreads.items()}
        values = VALUES | {n: VALUES[n] + noise[n] for n in spreads}
        values["psnr"] -= loss
        return results(replace(row(values), seeds=seeds))

    monkeypatch.setattr(baselines, "FALSE_ALARMS", 0.01)  # the rate itself, in fewer trials
    trials = 1000
    wrong = caught = 0
    for _ in range(trials):
        kept = baselines.make([(str(seed), drawn((seed,))) for seed in range(10)], {})
        for seeds in ((10,), (10, 11, 12)):
            wrong += bool(check.failing(check.quality(kept, drawn(seeds), "run")))
        caught += bool(check.failing(check.quality(kept, drawn((10, 11, 12), loss=0.5), "run")))
    assert 0.002 < wrong / (2 * trials) <= 0.015  # stated: 0.01
    assert caught / trials > 0.97
