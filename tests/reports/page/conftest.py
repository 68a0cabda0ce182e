"""Runs for pages: one with failures, one with videos; and Chromium to look at them."""

from __future__ import annotations

import dataclasses
import json

import pytest

from benchmarks import page_drift
from harness.contracts import FailedCell, Score
from reports import stored
from tests.reports import simulated


@pytest.fixture
def run(tmp_path):
    """Three rows whose cells fail, warn and are unavailable, and failed work."""
    results = simulated.write(tmp_path, simulated.facts(6))
    rows = list(results.rows)
    warned = dataclasses.replace(rows[1].scores["psnr"], warnings=("few <frames>",))
    rows[1] = dataclasses.replace(rows[1], scores={**rows[1].scores, "psnr": warned})
    failed = Score("failed", reason="no face in <m001>")
    rows[2] = dataclasses.replace(rows[2], scores={**rows[2].scores, "lmd/synthetic": failed})
    absent = Score("unavailable", reason="-", details={"absent": "weights", "names": ["inception"]})
    rows = [dataclasses.replace(row, scores={**row.scores, "fid/i3": absent}) for row in rows]
    columns = {**results.columns, "fid/i3": results.columns["e_fid/synthetic"]}
    failures = tuple(
        FailedCell("still", "audio", f"m00{k}/sad-1", 0, "render", "Timeout", "killed <late>")
        for k in range(5)
    )
    changed = dataclasses.replace(results, rows=tuple(rows), columns=columns, failures=failures)
    (tmp_path / stored.FILE).write_text(json.dumps(changed.to_json()))
    return tmp_path


@pytest.fixture(scope="session")
def chrome():
    """One browser for all tests of this process."""
    with page_drift.browser() as found:
        yield found


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """The page of five rows with videos of 20 s, the last of 4 s."""
    frames = [20 * page_drift.FPS] * 4 + [4 * page_drift.FPS]
    return page_drift.run_folder(tmp_path_factory.mktemp("filmed"), frames)


@pytest.fixture
def player(chrome, filmed):
    """That page, opened; an error of a script fails the test."""
    errors = []
    page = page_drift.opened(chrome, filmed)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []
