"""Values by frame on the page: what is packed, where windows stand, what does not fit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from reports import items
from reports.page.player.traces import ALPHABET, DIGITS, LEVELS, Traces, packed
from tests.reports import simulated


def unpacked(line, count):
    """As the page's script does it, NaN for a gap."""
    first, low, high, text = line
    values = np.full(count, np.nan)
    for place in range(0, len(text), DIGITS):
        digits = text[place : place + DIGITS]
        if digits[0] != ".":
            level = sum(
                ALPHABET.index(c) * 64**power
                for c, power in zip(digits, reversed(range(DIGITS)), strict=True)
            )
            values[first + place // DIGITS] = low + (high - low) * level / LEVELS
    return values


def test_packed_values_are_within_half_a_level_and_gaps_stay():
    values = np.random.default_rng(0).normal(30, 5, 200)
    values[[0, 17, 199]] = np.nan
    found = unpacked(packed(values, 200), 200)
    assert np.array_equal(np.isnan(found), np.isnan(values))
    assert np.nanmax(abs(found - values)) <= 0.5001 * np.ptp(values[~np.isnan(values)]) / LEVELS


def test_windows_stand_at_their_middle_frame():
    # SyncNet's window i covers frames i to i + 4: 96 of them in 100 frames, the first at frame 2.
    assert packed(np.arange(96.0), 100)[0] == 2
    assert packed(np.arange(100.0), 100)[0] == 0
    assert packed(np.arange(95.0), 100)[0] == 2


def test_constant_lines_and_lines_without_a_value():
    first, low, high, _ = line = packed(np.full(5, 100.0), 5)
    assert (first, low, high) == (0, 100.0, 100.0)
    assert np.array_equal(unpacked(line, 5), np.full(5, 100.0))
    assert packed(np.full(5, np.nan), 5) is None


@pytest.fixture
def run(tmp_path):
    results = simulated.write(tmp_path, dict(list(simulated.facts(1).items())[:2]))
    return results, {i: items.read(tmp_path, row) for i, row in enumerate(results.rows)}


def test_every_column_with_items_has_a_line_of_each_row(run):
    results, sides = run
    traces = Traces(results, sides)
    found, dropped = traces.of(results.rows[0].sequences[0], 75)
    assert not dropped
    names = {column["name"].split()[0] for column in found}
    assert names == set(simulated.COLUMNS)
    sync = next(column for column in found if column["name"].startswith("sync"))
    assert [line[0] for line in sync["rows"]] == [2] * len(results.rows)


def test_what_exceeds_the_budget_is_left_out_and_named(run):
    results, sides = run
    name = results.rows[0].sequences[0]
    one = len(results.rows) * (75 * DIGITS + 48)
    found, dropped = Traces(results, sides, one).of(name, 75)
    assert [column["name"] for column in found] == ["psnr ↑"]
    assert set(dropped) == set(simulated.COLUMNS) - {"psnr"}


def test_times_of_the_renderer_are_no_frames_of_the_video(run):
    results, sides = run
    timed = {**results.columns["psnr"], "needs_timing": True}
    changed = dataclasses.replace(results, columns={**results.columns, "psnr": timed})
    assert "psnr" not in Traces(changed, sides).names
