"""What README and CONTRIBUTING tell people to type: commands, options, YAML files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from harness.ablation.grid import find_grid
from harness.cli import app
from methods import catalog
from methods.external import config

HOME = Path(__file__).parents[2]
BLOCKS = [
    block
    for name in ("README.md", "CONTRIBUTING.md")
    for block in re.findall(r"^```\n(.*?)^```$", (HOME / name).read_text("utf-8"), re.M | re.S)
]
COMMANDS = sorted(
    {
        re.split(r"[;#|&]", line.partition("python -m harness ")[2])[0].strip()
        for block in BLOCKS
        for line in block.splitlines()
        if "python -m harness " in line
    }
)


def block(start):
    (found,) = (text for text in BLOCKS if text.startswith(start))
    return found


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_and_option_exists(line):
    words = shlex.split(line)
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    asked = {word for word in words if word.startswith("--")}
    assert asked <= known
    needed = {p.opts[0] for p in command.params if p.required and p.opts[0].startswith("--")}
    assert needed <= asked


def test_commands_are_found():
    assert {line.split()[0] for line in COMMANDS} >= {
        "run", "prepare", "score", "ablate", "report", "compare", "check", "verify", "weights"
    }  # fmt: skip


def test_the_grid_is_one_that_ablate_takes(tmp_path):
    (tmp_path / "my.yaml").write_text(block("id: "))
    spec = catalog.spec("ua3dtalk")
    grid = find_grid(spec, str(tmp_path / "my.yaml"))
    options = set(spec.presets[spec.default_preset])
    assert all(set(row.set) <= options for row in grid.rows)


def test_the_yaml_file_of_checkouts_and_videos_can_be_read(tmp_path, monkeypatch):
    path = tmp_path / "external.yaml"
    path.write_text(block("methods:"))
    monkeypatch.setenv("HARNESS_EXTERNAL", str(path))
    found = config.read_config()
    assert set(found.methods) <= set(catalog.specs())
    assert [videos.id for videos in found.prerecorded] == [
        entry["id"] for entry in yaml.safe_load(path.read_text())["prerecorded"]
    ]
