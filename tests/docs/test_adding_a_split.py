"""The blocks of docs/adding-a-split.md work as they stand."""

import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml

from harness.media.video import write_mp4
from splits import catalog
from splits.er_nerf import manifest_of
from tests.plugged import forget
from tests.splits.er_nerf.conftest import COUNT, write_folder

PAGE = Path(__file__).resolve().parents[2] / "docs" / "adding-a-split.md"


def block(language, first=""):
    """The page's only block in a language, or the one that holds `first`."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (text,) = [text for text in found if first in text]
    return text


@pytest.fixture
def subject(tmp_path):
    for name in ("angry", "happy", "sad"):
        write_folder(tmp_path / "M003" / name)
    return tmp_path / "M003"


def test_the_subject_file(subject):
    (subject / "subject.json").write_text(block("json"))
    manifest = manifest_of(subject)
    roles = {entry.id: entry.role for entry in manifest.sequences}
    assert roles == {"angry": "train", "happy": "train", "sad": "test"}
    assert json.loads(block("json"))["schema_version"] == 1


def test_the_manifest(subject):
    write_folder(subject.parent / "May")
    path = subject.parent / "mine.yaml"
    values = yaml.safe_load(block("yaml"))
    path.write_text(yaml.safe_dump({**values, "resolution": [32, 32]}))
    manifest = catalog.read_manifest(path)
    parts = [catalog.load(manifest, entry) for entry in manifest.sequences]
    assert [(len(one.train), len(one.test)) for one in parts] == [
        (COUNT, 0), (COUNT, 0), (0, COUNT), (20, 2),
    ]  # fmt: skip
    assert [one.emotion for one in parts] == ["angry", "happy", "sad", None]
    assert {one.subject for one in parts} == {"M003", "May"}


def test_the_loader(tmp_path, monkeypatch):
    for index, name in enumerate(("M003_angry_1", "M003_angry_3", "W009_sad_2", "W009_sad_3")):
        frames = [np.full((32, 48, 3), 40 * index + t, np.uint8) for t in range(25)]
        write_mp4(tmp_path / f"{name}.mp4", frames, 25, np.zeros(16_000, np.float32))
    package = tmp_path / "package"
    facts = package / "my_package-1.0.dist-info"
    facts.mkdir(parents=True)
    (package / "my_split.py").write_text(block("python"))
    points = tomllib.loads(block("toml"))["project"]["entry-points"]["talking_face_bench.splits"]
    lines = "\n".join(f"{name} = {value}" for name, value in points.items())
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[talking_face_bench.splits]\n{lines}\n")
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setenv("MY_VIDEOS", str(tmp_path))
    forget()
    try:
        manifest = catalog.manifest("my-videos")
        parts = [catalog.load(manifest, entry) for entry in manifest.sequences]
    finally:
        sys.modules.pop("my_split", None)
        monkeypatch.undo()
        forget()
    assert [(one.id, len(one.train), len(one.test)) for one in parts] == [
        ("M003_angry_1", 25, 0), ("M003_angry_3", 0, 25),
        ("W009_sad_2", 25, 0), ("W009_sad_3", 0, 25),
    ]  # fmt: skip
    assert [one.intensity for one in parts] == [1, 3, 2, 3]
    assert len({one.digest for one in parts}) == 4
    assert parts[1].part(parts[1].test).signal("masks").region("head").all()


def test_the_commands_are_those_of_the_command_line():
    from typer.testing import CliRunner

    from harness.cli import app

    for line in re.findall(r"python -m harness (\w+)(.*)", PAGE.read_text("utf-8")):
        options = re.findall(r"--[a-z]+", line[1])
        help_text = CliRunner().invoke(app, [line[0], "--help"], env={"COLUMNS": "200"}).output
        assert [option for option in options if option not in help_text] == []
