"""The files and commands of docs/adding-a-metric.md work as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/adding-a-metric.md").read_text("utf-8")
FILES = dict(re.findall(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)^```$", TEXT, re.M | re.S))
(COMMANDS,) = re.findall(r"^```bash\n(.*?)^```$", TEXT, re.M | re.S)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package, installed as pip would leave it: its files and its entry points."""
    folder = tmp_path_factory.mktemp("plugin")
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    facts = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (facts / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_the_page_holds_every_file():
    assert set(FILES) == {
        "pyproject.toml",
        "sharpness_metric.py",
        "test_sharpness_metric.py",
        "tiny_frames.py",
    }
    assert len(FILES["sharpness_metric.py"].splitlines()) <= 50


def test_its_commands_run_in_order(package):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(package), str(ROOT)]),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }
    printed = {}
    for line in COMMANDS.splitlines():
        program, *arguments = shlex.split(line)
        if program == "pip":
            continue
        assert program == "python"
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=package,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{line}:\n{done.stdout}\n{done.stderr}"
        printed[line] = done.stdout
    assert any("sharpness_error" in text for line, text in printed.items() if " list " in line)
    results = json.loads((package / "scores/results.json").read_text("utf-8"))
    (row,) = results["rows"]
    score = row["scores"]["sharpness_error"]
    assert score["status"] == "ok"
    assert score["n"] == 30
