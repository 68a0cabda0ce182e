"""Blocks: wrapped at words on a terminal alone, commands whole; JSON from the same facts."""

import json
import os
import re
import sys

import pytest

from harness.cli import doctor, listing
from harness.cli.shared import blocks
from harness.cli.shared.blocks import FactBlock, commands_in, show

BLOCK = FactBlock(
    "weights net · missing",
    (("disables", "one/metric, another/metric, and a third-one/metric"), ("fix", "")),
    ("python -m harness weights fetch a-network-with-a-name-of-many-letters",),
)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_prose_is_wrapped_at_words_and_commands_are_whole(monkeypatch, capsys, width):
    monkeypatch.setattr(blocks.sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    show([BLOCK])
    lines = capsys.readouterr().out.splitlines()
    assert f"    {BLOCK.commands[0]}" in lines
    prose = [line for line in lines if "fetch" not in line]
    assert all(len(line) <= width for line in prose)
    assert " ".join(" ".join(prose[1:]).split()) == f"disables {BLOCK.facts[0][1]}"


def test_nothing_is_wrapped_elsewhere(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    show([BLOCK])
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_words_longer_than_the_terminal_stay_whole():
    url = "https://example.org/" + "x" * 60
    assert url in blocks.wrapped(f"  source    look at {url} for it", 40, " " * 12).split()


def test_commands_of_a_sentence():
    text = (
        "Set HARNESS_X_LICENCE=accepted. To get it: git clone --recursive https://a.org/b, then "
        "`conda create -n x python=3.8`, and `pip install -r r.txt`; `transforms.json` is a file."
    )
    assert commands_in(text) == (
        "export HARNESS_X_LICENCE=accepted",
        "git clone --recursive https://a.org/b",
        "conda create -n x python=3.8",
        "pip install -r r.txt",
    )


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("list",), {"methods", "metrics", "splits", "presets", "grids", "problems"}),
        (("list", "splits"), {"splits", "problems"}),
        (("weights", "list"), {"weights", "trust"}),
        (("doctor",), {"checks"}),
    ],
)
def test_json_is_one_document(command, monkeypatch, words, keys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, err = command(*words, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out).keys() == keys | {"schema_version"}
    assert "\x1b" not in out


def test_text_and_json_say_the_same(command):
    metrics = json.loads(command("list", "metrics", "--json")[1])["metrics"]
    text = command("list", "metrics")[1]
    assert set(metrics[0]) == {"id", "title", "ready", "lacks", "columns", "needs", "domain"}
    assert [entry["id"] for entry in metrics] == re.findall(r"^(\S+) · ", text, re.M)
    for entry in metrics:
        assert all(column["name"] in text for column in entry["columns"])
        assert listing.text_of(entry["needs"]) in text


def test_doctor_says_of_each_check_whether_it_is_well(command):
    checks = json.loads(command("doctor", "--json")[1])["checks"]
    assert set(checks[0]) == {"what", "state", "disables", "fix", "commands", "ok"}
    assert [one["ok"] for one in checks] == [not one["disables"] for one in checks]
    text = command("doctor")[1]
    assert [f"{one['what']} · {one['state']}" for one in checks] == [
        line for line in text.splitlines() if not line.startswith(" ")
    ]
    assert all(one.ok or one.fix or one.commands for one in doctor.findings())


def test_verify_as_json_keeps_its_exit_code(command, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_SADTALKER_ROOT", str(tmp_path))
    monkeypatch.setenv("HARNESS_SADTALKER_PYTHON", sys.executable)
    code, out, _ = command("verify", "sadtalker", "--json")
    found = json.loads(out)
    assert (code, found["method"], found["complete"]) == (2, "sadtalker", False)
    states = {check["what"]: check["state"] for check in found["checks"]}
    assert states["root"] == "ok"
    assert states["licence"] == "missing"
    (licence,) = (check for check in found["checks"] if check["what"] == "licence")
    assert licence["commands"] == ["export HARNESS_SADTALKER_LICENCE=accepted"]
    assert set(licence) == {"what", "state", "fact", "fix", "commands"}
    assert os.linesep not in licence["fix"]
