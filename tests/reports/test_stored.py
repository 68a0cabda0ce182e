"""Results of every schema are read; what is damaged, newer or not to be trusted is refused.

`fixtures/results-schemaN.json` were written by the code of that schema.
"""

import copy
import json
from pathlib import Path

import pytest

from harness.contracts import SCHEMA_VERSION, BadInput
from reports import stored, tables

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("results-schema*.json"))


def test_there_is_a_file_of_every_schema():
    found = [json.loads(path.read_text("utf-8"))["schema_version"] for path in FIXTURES]
    assert found == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_schema_is_read_and_shown(path):
    results = stored.parse(path.read_text("utf-8"))
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
    if results.schema_version >= 4:
        assert results.columns["psnr"]["aggregation"] == "mean of items"
        assert results.rows[0].made_with["torch"]


def changed(**changes):
    data = json.loads(FIXTURES[-1].read_text("utf-8"))
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = data
        for name in parents:
            place = place[int(name) if name.isdigit() else name]
        place[last] = value
    return data


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"schema_version": 99}, "schema_version 99 is newer"),
        ({"rows": []}, "it has no rows"),
        ({"rows": {}}, "rows"),
        ({"rows__0__scores__psnr__value": "high"}, "rows.0.scores.psnr.value"),
        ({"rows__0__scores__psnr__value": float("nan")}, "rows.0.scores.psnr.value"),
        ({"rows__0__scores__psnr__low": float("inf")}, "rows.0.scores.psnr.low"),
        ({"rows__0__scores": None}, "rows.0.scores"),
        ({"rows__0__seeds": "abc"}, "rows.0.seeds"),
        ({"columns__psnr__direction": "sideways"}, "column psnr has no direction"),
        ({"columns": {}}, "has a score without a column"),
        ({"rows__0__protocol": {}}, "has no fps"),
        ({"failures": [{"method": "m"}]}, "failures.0"),
    ],
)
def test_damaged_results_are_refused_with_the_place(tmp_path, changes, fact):
    (tmp_path / stored.FILE).write_text(json.dumps(changed(**changes)))
    with pytest.raises(BadInput, match="cannot be read as results") as refused:
        stored.read(tmp_path)
    assert fact in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "1", "[" * 100_000, '{"schema_version": "x"}'])
def test_what_is_no_results_is_refused(tmp_path, text):
    (tmp_path / stored.FILE).write_text(text)
    with pytest.raises(BadInput, match=r"JSON|file is empty|cannot be read"):
        stored.read(tmp_path)


@pytest.mark.parametrize("path", ["/etc/passwd", "../other/results.json", "videos/../../x.mp4"])
def test_results_that_name_files_elsewhere_are_refused(tmp_path, path):
    """A page would embed them, whatever they are."""
    failure = {"method": "m", "drive": "", "sequence": "s", "seed": 0, "kind": "fit",
               "type": "E", "message": "", "log": path}  # fmt: skip
    for changes in (
        {"rows__0__media": {"mini": {"video": path}}},
        {"rows__0__media": {"mini": {"losses": path}}},
        {"rows__0__items": [path]},
        {"failures": [failure]},
    ):
        (tmp_path / stored.FILE).write_text(json.dumps(changed(**changes)))
        with pytest.raises(BadInput, match="names a file outside its folder"):
            stored.read(tmp_path)


def test_a_link_out_of_the_folder_is_refused_and_losses_of_the_run_above_are_not(tmp_path):
    run, secret = tmp_path / "run", tmp_path / "secret"
    run.mkdir()
    secret.write_text("s")
    (run / "video.mp4").symlink_to(secret)
    data = changed(rows__0__media={"mini": {"video": "video.mp4"}})
    (run / stored.FILE).write_text(json.dumps(data))
    with pytest.raises(BadInput, match=r"outside its folder, 'video\.mp4'"):
        stored.read(run)
    data = changed(rows__0__media={"mini": {"losses": "../../cells/fit/a/losses.jsonl"}})
    (run / stored.FILE).write_text(json.dumps(data))
    assert stored.read(run).rows


def test_mutated_results_are_read_or_refused(tmp_path):
    """Whatever is replaced in a file: a sentence, never a traceback."""
    data = json.loads(FIXTURES[-1].read_text("utf-8"))

    def places(node, path=()):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield (*path, key)
            if isinstance(value, dict | list) and len(path) < 4:
                yield from places(value, (*path, key))

    paths = list(places(data))
    for number, path in enumerate(paths[:: max(len(paths) // 150, 1)]):
        mutated = copy.deepcopy(data)
        place = mutated
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = (None, [], {}, "x", -1, True)[number % 6]
        (tmp_path / stored.FILE).write_text(json.dumps(mutated))
        try:
            results = stored.read(tmp_path)
        except BadInput:
            continue
        for format_ in tables.FORMATS:
            tables.render(results, format_)
