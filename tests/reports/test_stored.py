"""Results of every earlier schema are read; `fixtures/results-schemaN.json` were written by it."""

import json
from pathlib import Path

import pytest

from harness.contracts import SCHEMA_VERSION, Results
from reports import tables

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("results-schema*.json"))


def test_there_is_a_file_of_every_schema():
    found = [json.loads(path.read_text("utf-8"))["schema_version"] for path in FIXTURES]
    assert found == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_schema_is_read_and_shown(path):
    results = Results.from_json(json.loads(path.read_text("utf-8")))
    assert results.rows[0].scores["psnr"].value == pytest.approx(35.69, abs=0.01)
    for format_ in tables.FORMATS:
        assert "35.6" in tables.render(results, format_)
    if results.schema_version >= 2:
        assert results.sequences["mini"]["subject"]
    if results.schema_version >= 3:
        score = results.rows[0].scores["e_fid/synthetic"]
        assert set(score.by_seed) == {"0", "1", "2"}
        assert sum(score.by_seed.values()) / 3 == pytest.approx(score.value)
        assert score.level == "seeds"
        assert score.low < score.value < score.high
    else:
        assert {s.level for row in results.rows for s in row.scores.values()} == {""}
