"""`run --config`: read and checked, overridden by options, and kept with the results."""

import json

import pytest

from harness.cli.shared.bench import read_bench, settle
from harness.contracts import BadInput, UnknownName
from harness.engine import split_data
from splits import catalog as splits
from tests import toy, toy_run

TEXT = """
methods:
  - still
  - id: ua3dtalk
    preset: paper
    options: {motion_rate: 5e-4}
  - id: ua3dtalk
    options: {fusion: mean}
splits: [synthetic-mini, data/me]
seeds: [1, 2, 1]
metrics: [psnr]
out: results
"""


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "there" / "bench.yaml"
    found.parent.mkdir()
    found.write_text(TEXT)
    return found


def test_rows_are_methods_then_baselines(path):
    rows = read_bench(path).rows()
    assert [(row.method, row.preset, row.options) for row in rows] == [
        ("still", None, {}),
        ("ua3dtalk", "paper", {"motion_rate": 5e-4}),
        ("ua3dtalk", None, {"fusion": "mean"}),
        *((name, None, {}) for name in ("ground-truth", "nearest-audio", "shuffled-audio")),
    ]
    assert {row.seeds for row in rows} == {(1, 2)}


def test_folders_are_relative_to_the_file(path):
    bench = read_bench(path)
    assert bench.splits == ("synthetic-mini", str(path.parent / "data/me"))
    assert bench.out == path.parent / "results"
    path.write_text("methods: [still]")
    assert str(read_bench(path).out) == "runs"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("method: [still]", "unknown key 'method'. Did you mean 'methods'?"),
        ("methods: [{id: still, presets: x}]", "unknown key 'presets'. Did you mean 'preset'?"),
        ("methods: []", "methods: Tuple should have at least 1 item"),
        ("splits: [a]", "methods: Field required"),
        ("methods: [still]\nseeds: [-1]", "seeds.0: Input should be greater than or equal to 0"),
        ("methods: [still]\nmetrics: psnr", "metrics: Input should be a valid tuple"),
        ("methods: [still]\nlimit: 0", "limit: Input should be greater than 0"),
        ("methods: [{id: still, preset: quick}]", "still is a baseline, which has neither"),
        ("- still", "is not a mapping of fields"),
        ("methods: [", "not a readable YAML file"),
    ],
)
def test_mistakes_name_file_key_and_cure(path, text, sentence):
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        read_bench(path)
    assert error.value.subject == str(path)
    assert sentence in str(error.value)
    assert error.value.cure


def test_unknown_methods_and_equal_rows_are_refused(path):
    path.write_text("methods: [stil]")
    with pytest.raises(UnknownName, match="Did you mean 'still'"):
        read_bench(path)
    path.write_text("methods: [ua3dtalk, {id: ua3dtalk, preset: quick}]")
    with pytest.raises(BadInput, match="two entries make the row 'ua3dtalk'"):
        read_bench(path).rows()


def test_options_override_the_file(path):
    given = {
        "methods": ["ua3dtalk", "nearest-audio"],
        "seeds": [7],
        "splits": ["other"],
        "baselines": False,
        "preset": "quick",
        "options": {"motion_rate": 1.0},
        "metrics": None,
    }
    bench, record = settle(path, given)
    assert [(one.id, one.preset, one.options) for one in bench.methods] == [
        ("ua3dtalk", "quick", {"motion_rate": 1.0}),
        ("ua3dtalk", "quick", {"fusion": "mean", "motion_rate": 1.0}),
        ("nearest-audio", "quick", {"motion_rate": 1.0}),
    ]
    assert (bench.seeds, bench.splits, bench.metrics) == ([7], ["other"], ("psnr",))
    assert len(bench.rows()) == 3
    assert record["file"] == "bench.yaml"
    assert record["content"]["seeds"] == [1, 2, 1]
    assert record["overridden"] == {k: v for k, v in given.items() if v is not None}


def test_without_a_file_nothing_changes():
    bench, record = settle(None, {"methods": ["still", "still"], "seeds": None})
    assert record is None
    assert next(row.method for row in bench.rows()) == "still"
    assert len(bench.rows()) == 4
    with pytest.raises(BadInput, match="no method is named"):
        settle(None, {"methods": None})


def test_the_file_is_part_of_the_provenance(path, command, monkeypatch, tmp_path):
    monkeypatch.setattr(split_data, "find_manifest", lambda name, tests: toy.manifest())
    monkeypatch.setattr(splits, "loader", lambda manifest: toy_run.load)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    path.write_text("methods: [still]\nsplits: [toy]\nmetrics: [psnr]\nout: results\n")
    code, _, err = command("run", "--config", path, "--no-baselines")
    assert code == 0, err
    results = path.parent / "results" / "toy@1" / "results.json"
    (kept,) = json.loads(results.read_text())["provenance"]["configs"]
    assert kept["content"]["methods"] == ["still"]
    assert kept["overridden"] == {"baselines": False}
    assert len(kept["sha256"]) == 64
    # A later command without the file does not hide which one made the other rows.
    out = path.parent / "results"
    command("run", "--method", "ground-truth", "--no-baselines", "--metrics", "psnr", "--out", out)
    assert json.loads(results.read_text())["provenance"]["configs"] == [kept]
    command("run", "--method", "still", "--no-baselines", "--metrics", "psnr", "--out", out)
    assert "configs" not in json.loads(results.read_text())["provenance"]
