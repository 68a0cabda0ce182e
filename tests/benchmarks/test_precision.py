"""The error budget: its keeping, its shape, and that its probes run."""

import json

import pytest

from benchmarks import measured, precision
from metrics import catalog


def test_parts_are_kept_beside_each_other(tmp_path):
    path = tmp_path / "measured.json"
    measured.merge({"parity": [1]}, path)
    measured.merge({"codec": {"a": 2}}, path)
    measured.merge({"parity": [3]}, path)
    assert measured.read(path) == {"parity": [3], "codec": {"a": 2}}
    assert json.loads(path.read_text("utf-8"))
    assert measured.read(tmp_path / "nothing.json") == {}


def test_significant_digits():
    assert measured.rounded(123456.0, 2) == 120000
    assert measured.rounded(0.00012345, 3) == 0.000123


def test_patterns_name_installed_metrics():
    assert precision.ids(("psnr", "nothing")) == ["psnr"]
    assert "lmd/mp478" in precision.ids(("lmd/*",))
    everything = precision.ids(("*",))
    assert {"psnr", "fid"} <= set(everything)
    assert not {"lve", "fps"} & set(everything)  # meshes are not decoded, a speed has no frames


def test_a_probe_of_an_absent_metric_or_column_is_left_out(capsys):
    one = precision.Probe(("psnr",), "s", "r", "i", "dB", lambda: 0.00123456)
    absent = precision.Probe(("nothing",), "s", "r", "i", "", lambda: 1 / 0)
    other = precision.Probe(("psnr",), "s", "r", "i", "", lambda: 1 / 0, "psnr/nothing")
    (line,) = precision.parity([one, absent, other])
    assert line == {
        "metrics": ["psnr"],
        "stage": "s",
        "reference": "r",
        "difference": 0.0012,
        "unit": "dB",
        "input": "i",
    }
    assert "1.2e-03 dB" in capsys.readouterr().out


def test_the_kept_budget_names_metrics_that_exist():
    lines = measured.read()["parity"]
    assert {line["stage"] for line in lines} >= {"decode", "resize", "network", "statistic"}
    for line in lines:
        assert set(line["metrics"]) <= set(catalog.specs()), line
        assert line["difference"] >= 0
        assert line["reference"]
        assert line["input"]


@pytest.mark.reference
def test_probes_still_find_what_is_kept():
    """The cheap ones; a difference may be smaller by luck, so it is bounded from above alone."""
    kept = {(line["stage"], line["reference"]): line for line in measured.read()["parity"]}
    cheap = [
        one
        for one in precision.load_probes()
        if one.stage in ("decode", "resize", "crop", "landmarks") or "psnr" in one.column
    ]
    lines = list(precision.parity(cheap))
    assert len(lines) > 6
    for line in lines:
        before = kept[line["stage"], line["reference"]]
        assert line["difference"] <= 2 * before["difference"] + 1e-5, line
