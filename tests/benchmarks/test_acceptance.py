"""The acceptance bounds: they hold where they should, and fail where a value is too weak."""

from __future__ import annotations

import pytest

from benchmarks.acceptance import Bound, Goal, bounds, goals
from harness.contracts import Results, Row, Score

GOOD = {
    ("ua3dtalk", "audio+au"): (30.0, 0.5, 0.2, 2.0),
    ("ua3dtalk", "audio"): (29.5, 0.55, 0.25, 2.0),
    ("ua3dtalk", "shuffled-audio"): (29.0, 0.9, 0.4, 0.5),
    ("ground-truth", "audio"): (100.0, 0.0, 0.0, 3.0),
    ("still", "audio"): (20.0, 1.0, 0.9, 0.1),
    ("nearest-audio", "audio"): (21.0, 0.8, 0.5, 0.9),
    ("shuffled-audio", "audio"): (21.0, 1.1, 0.0, 0.2),
}
COLUMNS = ("psnr", "lmd/synthetic", "e_fid/synthetic", "sync_c/synthetic")
DIRECTIONS = ("up", "down", "down", "up")
ORACLES = ("ground-truth", "shuffled-audio")


def results(**changes):
    table = {**GOOD, **{("ua3dtalk", "audio+au"): changes["ours"]}} if changes else GOOD
    rows = tuple(
        Row(
            method, method, "oracle" if method in ORACLES else "method", drive, "s@1", "quick",
            (0,), ("a",), {}, {c: Score("ok", v) for c, v in zip(COLUMNS, values, strict=True)},
        )
        for (method, drive), values in table.items()
    )  # fmt: skip
    columns = {c: {"direction": d} for c, d in zip(COLUMNS, DIRECTIONS, strict=True)}
    return Results(rows, columns, (), {})


def test_good_results_hold():
    assert all(bound.holds(0.0) for bound in bounds(results()))


@pytest.mark.parametrize(
    ("ours", "which"),
    [
        ((23.0, 0.5, 0.2, 2.0), "PSNR"),
        ((30.0, 0.7, 0.2, 2.0), "LMD"),
        ((30.0, 0.5, 0.6, 2.0), "E-FID"),
        ((30.0, 0.5, 0.2, 1.5), "Sync-C of"),
        ((30.0, 0.5, 0.2, 3.5), "lead in sync_c"),
    ],
)
def test_a_weak_value_fails_its_own_bound(ours, which):
    failed = [bound.what for bound in bounds(results(ours=ours)) if not bound.holds(0.0)]
    assert len(failed) == 1
    assert which in failed[0]


def test_slack_relaxes_by_a_share():
    assert not Bound("x", 0.55, 0.6).holds(0.0)
    assert Bound("x", 0.55, 0.6).holds(0.15)
    assert not Bound("x", 0.50, 0.6).holds(0.15)


def test_a_missing_score_stops_with_its_reason():
    weak = results()
    scores = {**weak.rows[0].scores, "lmd/synthetic": Score("unavailable", reason="no weights")}
    broken = Results(
        (Row(**{**vars(weak.rows[0]), "scores": scores}), *weak.rows[1:]), weak.columns, (), {}
    )
    with pytest.raises(SystemExit, match="no weights"):
        bounds(broken)


def test_goals_are_the_run_s_own_scores_and_a_share_of_the_true_sync():
    one = results()
    wanted = dict.fromkeys(
        ("psnr/mouth", "ssim/mouth", "psnr/head", "blink_rate_error/synthetic"), Score("ok", 0.5)
    )
    ours = Row(**{**vars(one.rows[0]), "scores": {**one.rows[0].scores, **wanted}})
    found = {goal.column: goal for goal in goals(Results((ours, *one.rows[1:]), {}, (), {}))}
    assert found["psnr/mouth"].measured == 0.5
    assert found["sync_c/synthetic"].wanted == pytest.approx(0.85 * 3.0)
    reached = {column for column, goal in found.items() if goal.reached}
    assert reached == set()
    assert Goal("lmd", 0.4, 0.4, -1).reached
    assert not Goal("lmd", 0.41, 0.4, -1).reached
    assert Goal("psnr", 20.0, 20.0, 1).reached
