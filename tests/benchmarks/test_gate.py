"""The gate's evidence: a broken check counts neither as a caught plant nor as a quiet run."""

from __future__ import annotations

import pytest

from benchmarks import gate, gate_quality
from harness.cli import check as command
from harness.gate import baseline as baselines
from harness.gate.check import Finding


@pytest.mark.parametrize(("code", "missed"), [(gate.CAUGHT, 0), (0, 2), (1, 2)])
def test_a_child_that_breaks_down_has_caught_nothing(monkeypatch, tmp_path, code, missed):
    """Python exits with 1 after a traceback."""
    monkeypatch.setattr(gate, "call", lambda *_: (code, "broken", 0.0))
    monkeypatch.setattr(gate, "load", gate.nullcontext)
    assert gate.slowdowns(tmp_path, 2, 1.5) == missed


@pytest.mark.parametrize(
    ("what", "verdict", "code"),
    [
        ("fusion, CPU time", "slower", gate.CAUGHT),
        ("fusion, CPU time", "unclear", 0),
        ("splat, CPU time", "slower", 0),
    ],
)
def test_a_child_says_whether_the_fusion_was_caught(monkeypatch, tmp_path, what, verdict, code):
    found = [Finding("throughput", what, 1.0, 1.5, 0.3, verdict)]
    monkeypatch.setattr(command, "speed", lambda *_: found)
    monkeypatch.setattr(baselines, "read", lambda _: {})
    assert gate.child(tmp_path, 0.5) == code


def test_too_few_runs_show_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["gate_quality", *map(str, range(4))])
    with pytest.raises(SystemExit) as refused:
        gate_quality.main()
    assert refused.value.code == 2
    assert "4 runs are given" in capsys.readouterr().err
