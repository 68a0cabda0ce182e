"""Ranks and the comparison with the best row, and what the page shows of them."""

from __future__ import annotations

import dataclasses
import re
import shutil

import numpy as np
import pytest

from harness.contracts import Results
from reports.page import assemble as page
from reports.page import versus as sections
from reports.page.ranking import RANK_RESAMPLES, alike, rank_text, ranking
from tests.reports import markup, simulated

#: Two rows that are the same but for noise, one that is clearly behind.
ROWS = {
    "ground-truth": ("oracle", "audio", 9.0),
    "ours": ("method", "audio", 1.0),
    "theirs": ("method", "audio", 1.0),
    "control": ("method", "shuffled-audio", 0.5),
    "still": ("baseline", "audio", -2.0),
}


@pytest.fixture
def run(tmp_path):
    return simulated.write(tmp_path, simulated.facts(8), rows=ROWS, seed=3), tmp_path


def test_ranks_are_open_where_rows_are_alike_and_closed_where_not(run):
    stand = ranking(*run)
    for name in simulated.COLUMNS:
        ranks = stand.ranks[name]
        assert set(ranks) == {1, 2, 4}  # oracles and the shuffled control do not compete
        assert ranks[4] == (3, 3, 3)
        assert {ranks[1][0], ranks[2][0]} == {1, 2}
        # Rows that are alike are told apart once in twenty times; then, and only then, it closes.
        (change,) = alike(stand.sides[1], stand.sides[2], [name], RANK_RESAMPLES)
        p = change.difference.p
        expected = {(1, 2)} if p > 0.05 else {(1, 1), (2, 2)}
        assert {ranks[1][1:], ranks[2][1:]} == expected
    assert any(stand.ranks[name][1][1:] == (1, 2) for name in simulated.COLUMNS)
    assert "e_fid/synthetic" not in stand.ranks
    assert rank_text((2, 1, 3)) == "rank 1 to 3"
    assert rank_text((3, 3, 3)) == "rank 3"


def test_others_are_compared_with_the_best_method(run):
    stand = ranking(*run)
    assert stand.reference in (1, 2)
    assert set(stand.changes) == {1, 2, 3, 4} - {stand.reference}
    assert {stand.changes[4][n].verdict for n in simulated.COLUMNS} == {"worse"}
    other = ({1, 2} - {stand.reference}).pop()
    assert "worse" not in {stand.changes[other][n].verdict for n in simulated.COLUMNS}
    assert "over subjects (8, 64 sequences)" in stand.scope


def test_page_shows_ranks_differences_and_emotions(run):
    html = page.write(*run).read_text("utf-8")
    found = markup.parse(html)
    ranks = {small.text for small in found.by_id("leaderboard").all("small", "rank")}
    assert {"rank 1 to 2", "rank 3"} <= ranks
    assert re.search(r"<h2 id=\"versus\">Against (ours|theirs) \[audio\]</h2>", html)
    assert "95% intervals: over subjects (8, 64 sequences)" in html
    assert "3 worse of 3" in html
    assert "By emotion, intensity and subject" in html
    assert "neutral 1" in html
    assert "M007" in html
    assert markup.outside(html) == []


def test_numbers_of_the_page_hold_no_p_of_zero(run):
    results, folder = run
    stand = ranking(results, folder)
    (index, changes), *_ = stand.changes.items()
    change = dataclasses.replace(
        changes["psnr"], p=3e-9, difference=dataclasses.replace(changes["psnr"].difference, p=1e-9)
    )
    stand = dataclasses.replace(stand, changes={index: {"psnr": change}})
    (line,) = sections.numbers(results, stand, ["psnr"])
    assert line[4:6] == ["<0.0001", "<0.0001"]


def test_page_of_one_sequence_says_so_and_has_no_emotion_table(tmp_path):
    one = dict(list(simulated.facts(1).items())[:1])
    html = page.write(simulated.write(tmp_path, one, rows=ROWS, frames=150), tmp_path).read_text()
    assert "95% intervals: within this sequence" in html
    assert 'id="groups"' not in html


def test_page_without_items_is_written_and_says_why(run):
    results, folder = run
    shutil.rmtree(folder / "items")
    stand = ranking(results, folder)
    assert stand.reference is None
    assert "no such file" in stand.problem
    html = page.write(results, folder).read_text("utf-8")
    assert "Against" not in html
    assert "no such file" in html


def test_pooled_columns_are_ranked_where_their_spread_is_stored(run):
    results, folder = run
    data = results.to_json()
    values = {"ours": 1.5, "theirs": 1.52, "still": 2.2}
    for row in data["rows"]:
        if row["method"] in values:
            score = row["scores"]["e_fid/synthetic"]
            rng = np.random.default_rng(len(row["method"]))
            score["value"] = values[row["method"]]
            score["level"] = "left-out subjects"
            score["without"] = {f"p{i}": score["value"] + rng.normal(0, 0.02) for i in range(6)}
    stand = ranking(Results.from_json(data), folder)
    ranks = stand.ranks["e_fid/synthetic"]
    assert ranks[1][1:] == ranks[2][1:] == (1, 2)
    assert ranks[4] == (3, 3, 3)
    assert "not a mean of items; over subjects, each left out in turn (6)" in stand.scope


def test_nobody_is_among_the_best_where_nothing_could_be_tested(tmp_path):
    """One short sequence: no interval, so every row could be best in every column."""
    one = dict(list(simulated.facts(1).items())[:1])
    results = simulated.write(tmp_path, one, rows=ROWS, frames=30)
    stand = ranking(results, tmp_path)
    assert stand.ranks == {}
    assert results.rows[stand.reference].role == "method"  # by the values
    found = markup.parse(page.write(results, tmp_path).read_text("utf-8"))
    card = found.all("section", "cards")[0].all("div", "card")[0].text
    assert "among the best" not in card
    assert "no row is ranked" in card
    assert "Not tested, with the row of the best value: psnr" in card
    assert not found.all("td", "leads")
