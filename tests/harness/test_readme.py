"""What README, CONTRIBUTING and docs/ tell people to type: commands, options, files.

Every code block with commands of the harness is run here, or follows a line that says why it
cannot be: `<!-- needs: a GPU -->`. All commands, also those in running text, are parsed with the
real options.
"""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import typer.main
import yaml
from PIL import Image
from typer.testing import CliRunner

from harness.ablation.grid import find_grid
from harness.cli import app
from methods import catalog
from methods.external import config

HOME = Path(__file__).parents[2]
PAGES = {
    path.name: path.read_text("utf-8")
    for path in (HOME / "README.md", HOME / "CONTRIBUTING.md", *sorted(HOME.glob("docs/*.md")))
}
#: Pages whose blocks a test of their own runs.
RUN_ELSEWHERE = {
    "adding-a-method.md": "tests/docs/test_adding_a_method.py",
    "adding-a-metric.md": "tests/docs/test_adding_a_metric.py",
    "adding-a-split.md": "tests/docs/test_adding_a_split.py",
}
BLOCK = re.compile(r"^(?:<!-- needs: ([^\n]+) -->\n)?```(\w*)\n(.*?)^```$", re.M | re.S)
#: (page, what it needs that a test lacks, language, text) of every code block.
BLOCKS = [(page, *found.groups()) for page, text in PAGES.items() for found in BLOCK.finditer(text)]
COMMAND = "python -m harness "


def commands(text):
    """The commands of the harness in a text, without comments and shell syntax around them."""
    return [
        re.split(r"[;#|&]", line.partition(COMMAND)[2])[0].strip()
        for line in text.splitlines()
        if COMMAND in line
    ]


def inline(text):
    """Commands between single backticks, which may break over lines."""
    prose = " ".join(BLOCK.sub("", text).split())
    return [line for span in re.findall(r"`([^`]+)`", prose) for line in commands(span)]


IN_BLOCKS = {line for *_, text in BLOCKS for line in commands(text)}
EVERY = sorted(IN_BLOCKS | {line for text in PAGES.values() for line in inline(text)})
#: Commands that are run here, in the order of the pages.
RUN = list(
    dict.fromkeys(
        line
        for page, needs, _, text in BLOCKS
        if not needs and page not in RUN_ELSEWHERE
        for line in commands(text)
    )
)


def block(start):
    (found,) = (text for *_, text in BLOCKS if text.startswith(start))
    return found


def words_of(line):
    """Words of a command; a shell variable stands for a number."""
    return shlex.split(line.replace("$seed", "0"))


@pytest.mark.parametrize("line", [line for line in EVERY if line and line != "COMMAND"])
def test_every_command_parses(line):
    words = words_of(line)
    command = typer.main.get_command(app)
    while hasattr(command, "commands") and words:
        command = command.commands[words.pop(0)]
    options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    asked = {word for word in words if word.startswith("--")}
    assert asked <= options | {"--help"}
    if line in IN_BLOCKS:  # running text may name a command without all it needs
        command.make_context(line, list(words))


def test_commands_are_found():
    assert {line.split()[0] for line in IN_BLOCKS} >= {
        "run", "list", "prepare", "pretrain", "score", "ablate", "report", "compare", "check",
        "verify", "weights", "doctor",
    }  # fmt: skip


def test_pages_that_are_run_elsewhere_have_that_test():
    present = [page for page in RUN_ELSEWHERE if page in PAGES]
    assert [page for page in present if not (HOME / RUN_ELSEWHERE[page]).is_file()] == []


def test_benchmarks_and_targets_exist():
    text = "".join(PAGES.values())
    names = set(re.findall(r"python -m (benchmarks\.\w+)", text))
    assert names
    assert [name for name in names if find_spec(name) is None] == []
    targets = set(re.findall(r"^make ([\w-]+)", "".join(t for *_, t in BLOCKS), re.M))
    assert targets <= set(re.findall(r"^([\w-]+):", (HOME / "Makefile").read_text("utf-8"), re.M))


def test_links_lead_to_files():
    for page, text in PAGES.items():
        folder = HOME if (HOME / page).is_file() else HOME / "docs"
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", BLOCK.sub("", text)):
            if "://" not in target:
                assert (folder / target).is_file(), f"{page} links to {target}"


def test_the_readme_is_short():
    assert len(PAGES["README.md"].splitlines()) <= 150


def test_blocks_without_needs_run(tmp_path, monkeypatch):
    """In the order of the pages, in a folder with the videos that the README names."""
    random = np.random.default_rng(0)
    for name, level in (("data/test", 0), ("out/ours", 4), ("out/theirs", 16)):
        folder = tmp_path / name / "one"
        folder.mkdir(parents=True)
        for index in range(6):
            shade = np.full((48, 48, 3), 90 + 10 * index) + random.normal(0, level, (48, 48, 3))
            Image.fromarray(shade.clip(0, 255).astype("uint8")).save(folder / f"{index:06d}.png")
    (tmp_path / "bench.yaml").write_text(block("# bench.yaml"))
    monkeypatch.chdir(tmp_path)
    done = []
    for line in RUN:
        words = words_of(line)
        if words[0] == "score":
            # These are images, which state no frame rate; two metrics suffice.
            words += ["--fps", "25", "--metrics", "psnr,ssim"]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, f"{line}: {result.output} {result.exception!r}"
        done.append(words[0])
    assert {"score", "report", "compare", "list", "doctor"} <= set(done)


def test_the_grid_is_one_that_ablate_takes(tmp_path):
    (tmp_path / "my.yaml").write_text(block("id: emotion"))
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
