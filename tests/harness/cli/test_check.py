"""`check` as CI meets it: exit codes, files, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.gate import calibration, throughput, workloads
from tests.gate_results import seeded, several, with_value


@pytest.fixture
def call(command):
    return lambda *arguments: command("check", *arguments)


def store(folder, results):
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps(results.to_json()))
    return folder


@pytest.fixture
def made(call, tmp_path):
    """A baseline of six runs, made by the command."""
    runs = [store(tmp_path / name, results) for name, results in several()]
    path = tmp_path / "baselines" / "ci.json"
    code, out, _ = call("--refresh", "--no-throughput", "--baseline", path, *runs)
    assert code == 0
    assert "columns written" in out
    return path


def test_a_good_run_passes(call, made, tmp_path):
    code, out, _ = call("--no-throughput", "--baseline", made, tmp_path / "s0")
    assert code == 0
    assert "gate: pass" in out


def test_a_planted_loss_fails_with_table_junit_and_annotations(call, made, tmp_path):
    run = store(tmp_path / "bad", with_value(seeded(0, 0.0), "psnr", 34.4))
    xml = tmp_path / "gate.xml"
    code, out, _ = call("--no-throughput", "--baseline", made, run, "--junit", xml, "--annotations")
    assert code == 1
    assert "ours [audio] psnr" in out
    assert "::error file=" in out
    assert ElementTree.parse(xml).getroot().find("testsuite").attrib["failures"] == "1"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--no-throughput", "s0", "s1"), "2 run folders are given"),
        (("--no-throughput", "nowhere"), "no results.json is there"),
        (("--no-quality", "--no-throughput"), "nothing is left to check"),
        (("--no-quality",), "it has no throughput"),
        (
            ("--refresh", "--no-throughput", "s0"),
            "it needs runs of 5 seeds to know their spread, not 1",
        ),
    ],
)
def test_refusals_are_sentences(call, made, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    kept = made.read_text()
    code, _, err = call("--baseline", made, *arguments)
    assert code == 2
    assert sentence in err
    assert made.read_text() == kept


def test_no_baseline_is_a_sentence(call, tmp_path):
    code, _, err = call("--baseline", tmp_path / "none.json", "--no-throughput")
    assert code == 2
    assert "check --refresh" in err


def test_slow_work_fails_and_another_machine_widens_the_limit(call, made, monkeypatch):
    kept = json.loads(made.read_text())
    here = calibration.machine()
    kept["throughput"] = {"machine": here, "ratios": {"fusion": {"ratio": 1.0}}}
    made.write_text(json.dumps(kept))

    def measured(ratio):
        one = throughput.Measured(ratio, ratio * 0.98, ratio * 1.02, 200)

        def check(build, kernel, baseline, limit, rule):
            return {"fusion": (one, throughput.judge(one, baseline["fusion"], limit))}

        monkeypatch.setattr(throughput, "check", check)

    for ratio, code in ((1.1, 0), (1.5, 1)):
        measured(ratio)
        assert call("--no-quality", "--baseline", made)[0] == code
    kept["throughput"]["machine"] = here | {"cpu": "another"}
    made.write_text(json.dumps(kept))
    code, out, _ = call("--no-quality", "--baseline", made)
    assert code == 0
    assert "cpu differ" in out
    kept["throughput"]["machine"] = here | {"kernel": 0}
    made.write_text(json.dumps(kept))
    code, _, err = call("--no-quality", "--baseline", made)
    assert code == 2
    assert "calibration kernel 0" in err


def test_a_baseline_of_another_format_is_refused_and_can_be_made_anew(call, made, monkeypatch):
    from harness.cli import check

    monkeypatch.setattr(check, "ratios", lambda: {"machine": {}, "load": 0.0, "ratios": {}})
    runs = [made.parent.parent / f"s{seed}" for seed in range(6)]
    made.write_text(made.read_text().replace('"format": 2', '"format": 1'))
    code, _, err = call("--no-throughput", "--baseline", made, runs[0])
    assert code == 2
    assert "its format is 1" in err
    code, _, err = call("--refresh", "--no-throughput", "--baseline", made, *runs)
    assert code == 2  # its ratios cannot be kept
    code, out, _ = call("--refresh", "--baseline", made, *runs)
    assert code == 0
    assert "columns and 0 ratios written" in out


def test_a_refresh_names_what_it_cannot_hold(call, tmp_path):
    """A column that some runs alone could score has no spread over seeds."""
    runs = [results for _, results in several()]
    runs[2] = with_value(runs[2], "sync_c/synthetic", None)
    folders = [store(tmp_path / f"r{k}", results) for k, results in enumerate(runs)]
    path = tmp_path / "ci.json"
    code, out, _ = call("--refresh", "--no-throughput", "--baseline", path, *folders)
    assert code == 0
    assert "left out, since some runs lack a value: ours [audio] sync_c/synthetic)" in out
    assert "sync_c/synthetic" not in json.loads(path.read_text())["rows"]["ours [audio]"]["columns"]


def test_guarded_work_that_the_baseline_lacks_is_told(call, made, monkeypatch):
    """It is held by nothing until the baseline is refreshed."""
    kept = json.loads(made.read_text())
    ratios = {"fusion": {"ratio": 1.0}}
    kept["throughput"] = {"machine": calibration.machine(), "ratios": ratios}
    made.write_text(json.dumps(kept))
    one = throughput.Measured(1.0, 0.98, 1.02, 200)
    monkeypatch.setattr(workloads, "build", lambda: {"fusion": print, "splat": print})
    monkeypatch.setattr(throughput, "measure", lambda works, *_: dict.fromkeys(works, one))
    code, out, _ = call("--no-quality", "--baseline", made)
    assert code == 0
    assert "it is not in the baseline" in out
    assert "1 new" in out


def recoded(results):
    """The same values by other metric code."""
    columns = {name: {**facts, "code": "other"} for name, facts in results.columns.items()}
    return replace(results, columns=columns)


def test_other_code_of_the_same_values_can_be_accepted(call, made, tmp_path):
    run = store(tmp_path / "recoded", recoded(seeded(0, 0.0)))
    code, _, err = call("--no-throughput", "--baseline", made, run)
    assert code == 2
    assert "--accept-code" in err
    assert call("--no-throughput", "--accept-code", "--baseline", made, run)[0] == 0
    assert call("--no-throughput", "--baseline", made, run)[0] == 0


def test_code_of_a_worse_run_is_not_accepted(call, made, tmp_path):
    before = made.read_text()
    run = store(tmp_path / "worse", recoded(with_value(seeded(0, 0.0), "psnr", 34.4)))
    assert call("--no-throughput", "--accept-code", "--baseline", made, run)[0] == 1
    assert made.read_text() == before
