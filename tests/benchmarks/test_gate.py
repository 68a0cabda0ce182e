"""The gate's evidence: a broken check counts neither as a caught plant nor as a quiet run."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from benchmarks import gate, gate_quality
from harness.cli import check as command
from harness.gate import baseline as baselines
from harness.gate import calibration, workloads
from harness.gate.check import Finding
from tests.fake_clock import Machine


@pytest.mark.parametrize(("code", "missed"), [(gate.CAUGHT, 0), (0, 2), (1, 2)])
def test_a_child_that_breaks_down_has_caught_nothing(monkeypatch, tmp_path, code, missed):
    """Python exits with 1 after a traceback."""
    monkeypatch.setattr(gate, "call", lambda *_: (code, "broken", 0.0))
    monkeypatch.setattr(gate, "load", gate.nullcontext)
    monkeypatch.setattr(gate, "share_for", lambda factor: factor - 1)
    assert gate.slowdowns(tmp_path, 2, 1.5) == missed


def test_the_share_is_adjusted_until_the_plant_takes_the_factor(monkeypatch):
    """Here a further share of the Gaussians costs 0.8 of its share in time."""
    machine = Machine(0)
    planted = [0.0]

    @contextmanager
    def plant(share):
        planted[0] = share
        yield

    def fusion():
        return lambda: machine.work(1.5e-3 * (1 + 0.8 * planted[0]))()

    def build():
        return {"fusion": machine.work(1.5e-3)}

    monkeypatch.setattr(gate, "planted", plant)
    monkeypatch.setattr(workloads, "fusion", fusion)
    monkeypatch.setattr(workloads, "build", build)
    monkeypatch.setattr(calibration, "kernel", lambda: machine.work(1e-3))
    assert gate.share_for(1.5, machine) == pytest.approx(0.5 / 0.8, rel=0.08)


@pytest.mark.parametrize(
    ("what", "verdict", "code"),
    [
        ("fusion, CPU time", "slower", gate.CAUGHT),
        ("fusion, CPU time", "unclear", 0),
        ("splat, CPU time", "slower", 0),
    ],
)
def test_a_child_says_whether_the_fusion_was_caught(monkeypatch, tmp_path, what, verdict, code):
    found = [Finding("throughput", what, verdict, "", 1.0, 1.5, 0.3)]
    monkeypatch.setattr(command, "speed", lambda *_: found)
    monkeypatch.setattr(baselines, "read", lambda _: {})
    assert gate.child(tmp_path, 0.5) == code


def test_too_few_runs_show_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["gate_quality", *map(str, range(4))])
    with pytest.raises(SystemExit) as refused:
        gate_quality.main()
    assert refused.value.code == 2
    assert "4 runs are given" in capsys.readouterr().err
