"""Plug-ins of other packages: a good one is there, a broken one is told of and hurts nobody."""

from __future__ import annotations

import pytest

from harness.cli import doctor
from harness.contracts import BadInput
from tests.plugged import CATALOGUES, installed

SOURCE = """
from harness.contracts import MethodSpec, MetricSpec, SequenceEntry, SplitManifest

METHOD = MethodSpec("their-method", "T", "a paper", "MIT", "theirs:Method")
METRIC = MetricSpec("their-metric", "T", "theirs:Metric", (), "a paper")
SPLIT = SplitManifest("their-split", 1, "theirs:load", "synthetic", 25.0, (24, 24),
                      (SequenceEntry("a", "s"),), "CC0-1.0", "here", "none")
SEVERAL = (METRIC, 7)
NUMBER = 7

def leave():
    raise SystemExit("not today")

def interrupt():
    raise KeyboardInterrupt("not I")

def vanish():
    import os
    os.write(1, b"noise")
    os._exit(0)
"""

#: Catalogue -> (name of a good spec, its attribute).
GOOD = {
    "methods": ("their-method", "METHOD"),
    "metrics": ("their-metric", "METRIC"),
    "splits": ("their-split@1", "SPLIT"),
}


def specs(kind):
    catalogue = CATALOGUES[kind]
    return catalogue.manifests() if kind == "splits" else catalogue.specs()


def one(kind, name):
    catalogue = CATALOGUES[kind]
    return catalogue.manifest(name) if kind == "splits" else catalogue.spec(name)


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """No sentence is folded."""
    monkeypatch.setenv("COLUMNS", "400")


@pytest.mark.parametrize("kind", CATALOGUES)
def test_nothing_of_ours_is_a_problem(kind):
    assert CATALOGUES[kind].problems() == []


@pytest.mark.parametrize("kind", CATALOGUES)
def test_a_good_one_is_listed_after_ours(monkeypatch, tmp_path, kind):
    name, attribute = GOOD[kind]
    before = list(specs(kind))
    with installed(monkeypatch, tmp_path / "p", SOURCE, **{kind: f"mine = theirs:{attribute}"}):
        assert list(specs(kind)) == [*before, name]
        assert one(kind, name) is specs(kind)[name]
        assert CATALOGUES[kind].problems() == []
    assert list(specs(kind)) == before


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("no_such_module:X", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("theirs:ABSENT", "AttributeError: module 'theirs' has no attribute 'ABSENT'"),
        ("theirs:NUMBER", "TypeError: "),
    ],
)
@pytest.mark.parametrize("kind", CATALOGUES)
def test_a_broken_one_is_told_and_the_rest_is_listed(
    monkeypatch, command, tmp_path, kind, target, error
):
    shown = command("list")[1]
    with installed(monkeypatch, tmp_path / "p", SOURCE, **{kind: f"broken = {target}"}):
        code, out, _ = command("list")
        (problem,) = CATALOGUES[kind].problems()
    assert code == 0
    assert out.startswith(shown)  # nothing else is missing
    told = out.removeprefix(shown)
    group = f"talking_face_bench.{kind}"
    assert told.startswith(f"plug-in {group}: broken = {target} of their-package failed to load: ")
    assert error in told
    assert problem.reason in told


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("splits", ("--method", "still", "--split", "broken")),
        ("splits", ("--method", "still", "--split", "broken@2")),
        ("methods", ("--method", "broken")),
        ("metrics", ("--method", "still", "--metrics", "broken")),
    ],
)
def test_naming_a_broken_one_is_one_sentence(monkeypatch, command, tmp_path, kind, arguments):
    monkeypatch.chdir(tmp_path)
    with installed(monkeypatch, tmp_path / "p", SOURCE, **{kind: "broken = no_such_module:X"}):
        code, out, err = command("run", *arguments)
    assert code == 2
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith(f"error: {kind.removesuffix('s')} '{arguments[-1]}': its plug-in (")
    assert "their-package" in line
    assert "No module named 'no_such_module'" in line
    assert line.endswith("Fix or uninstall that package.")
    assert not (tmp_path / "runs").exists()


def test_a_broken_split_stops_no_run_of_another(monkeypatch, tmp_path):
    with installed(monkeypatch, tmp_path / "p", SOURCE, splits="broken = theirs:leave"):
        assert one("splits", "synthetic-mini").id == "synthetic-mini"
        (problem,) = CATALOGUES["splits"].problems()
    assert problem.reason == "SystemExit: not today"


def test_a_plug_in_cannot_pretend_to_be_ctrl_c(monkeypatch, tmp_path):
    with installed(monkeypatch, tmp_path / "p", SOURCE, splits="broken = theirs:interrupt"):
        assert one("splits", "synthetic-mini").id == "synthetic-mini"
        (problem,) = CATALOGUES["splits"].problems()
    assert problem.reason == "KeyboardInterrupt: not I"


def test_a_plug_in_that_ends_the_process_ends_no_command(monkeypatch, tmp_path, capfd):
    with installed(monkeypatch, tmp_path / "p", SOURCE, splits="broken = theirs:vanish"):
        assert one("splits", "synthetic-mini").id == "synthetic-mini"
        (problem,) = CATALOGUES["splits"].problems()
    assert problem.reason == "ImportError: it ends the process"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", CATALOGUES)
def test_the_first_of_two_equal_names_stays(monkeypatch, tmp_path, kind):
    name, attribute = GOOD[kind]
    lines = f"a = theirs:{attribute}\nb = theirs:{attribute}"
    with installed(monkeypatch, tmp_path / "p", SOURCE, **{kind: lines}):
        assert name in specs(kind)
        (problem,) = CATALOGUES[kind].problems()
    assert problem.name == "b"
    assert problem.reason == f"the name {name!r} is already taken"


def test_several_metrics_of_which_one_is_none(monkeypatch, tmp_path):
    with installed(monkeypatch, tmp_path / "p", SOURCE, metrics="mine = theirs:SEVERAL"):
        with pytest.raises(BadInput, match="TypeError: it provides int, not MetricSpec"):
            one("metrics", "mine")
        assert "their-metric" not in specs("metrics")


def test_doctor_names_them_with_a_fix(monkeypatch, tmp_path):
    lines = dict.fromkeys(CATALOGUES, "broken = no_such_module:X")
    with installed(monkeypatch, tmp_path / "p", SOURCE, **lines):
        found = doctor.plugins()
    assert len(found) == 3
    for finding in found:
        assert "their-package" in finding.what
        assert "No module named 'no_such_module'" in finding.state
        assert finding.fix == "fix or uninstall its package"
