"""What the page says of the intervals of its rows."""

from __future__ import annotations

import csv
import dataclasses
import io

from harness.contracts import Results, Row, Score
from reports import scopes, tables

SEQUENCES = {f"p{p}-{r}": {"subject": f"P{p}"} for p in range(4) for r in range(2)}
PROTOCOL = {"fps": 25.0, "height": 8, "width": 8, "composite": "plate", "test_frames": 80}


def results(**scores) -> Results:
    row = Row(
        "m", "M", "method", "audio", "s@1", "full", (0, 1, 2), tuple(SEQUENCES), PROTOCOL, scores
    )  # fmt: skip
    columns = {name: {"direction": "up", "unit": ""} for name in scores}
    return Results((row,), columns, (), {}, SEQUENCES)


def scored(level, **changes):
    return dataclasses.replace(Score("ok", 2.0, 1.0, 3.0, level=level), **changes)


def test_one_kind_is_said_once_and_without_columns():
    found = results(psnr=scored("subjects"), ssim=scored("subjects"))
    (text,) = scopes.of_table(found)
    assert text.startswith("95% intervals: over subjects (4, 8 sequences); with fewer than 6")


def test_kinds_are_told_apart_with_their_columns():
    without = dict.fromkeys(["P0", "P1", "P2", "P3"], 1.0)
    found = results(
        psnr=scored("subjects"),
        e_fid=scored("left-out subjects", without=without),
        fvd=scored("seeds", by_seed={"0": 1.0, "1": 2.0, "2": 3.0}),
    )
    first, second, third = scopes.of_table(found)
    assert first.startswith("95% intervals: over subjects")
    assert "of e_fid: not a mean of items; over subjects, each left out in turn (4)" in second
    assert "of fvd: not a mean of items; over training runs with other seeds" in third
    assert "says nothing about other sequences or subjects" in third


def test_sequences_that_could_not_be_scored_are_not_counted_as_sure():
    blind = scored("subjects", warnings=("1 of 8 sequences could not be scored",))
    (text,) = scopes.of_table(results(psnr=blind))
    assert text.startswith("95% intervals: over subjects (at most 4, 8 sequences);")


def test_joined_subjects_are_not_called_subjects():
    """48 subjects are left out in 20 parts."""
    without = {" + ".join(f"P{p}" for p in range(k, 48, 20)): 1.0 for k in range(20)}
    (text,) = scopes.of_table(results(e_fid=scored("left-out subjects", without=without)))
    assert "each left out in turn (20 parts of them)" in text
    seeds = {str(k): float(k) for k in range(24)}
    (text,) = scopes.of_table(results(fvd=scored("seeds", by_seed=seeds)))
    assert "over training runs with other seeds, on the same sequences (24)" in text


def test_nothing_is_said_of_what_an_older_schema_did_not_store():
    assert scopes.of_table(results(psnr=Score("ok", 2.0, 1.0, 3.0))) == []
    assert scopes.of_table(results(e_fid=Score("ok", 2.0, level="left-out subjects"))) == []


def test_csv_says_what_an_interval_is_over():
    (line,) = csv.DictReader(io.StringIO(tables.comma_separated(results(psnr=scored("blocks")))))
    assert line["interval"] == "blocks"
