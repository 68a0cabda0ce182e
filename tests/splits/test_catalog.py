import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from harness.contracts import (
    EMOTIONS,
    BadInput,
    FrameSource,
    Sequence,
    SplitManifest,
    TrainingSet,
    UnknownName,
)
from splits import catalog
from tests.plugged import installed

GOOD = {
    "id": "mine",
    "version": 1,
    "loader": "synthetic",
    "domain": "synthetic",
    "fps": 25,
    "resolution": [64, 48],
    "licence": "CC0-1.0",
    "source": "made here",
    "protocol": "none",
    "sequences": [{"id": "a", "subject": "s", "options": {"identity": 1, "seed": 2}}],
}


def roles(**given):
    """Sequences of subject `s` with these roles."""
    return [{"id": name, "subject": "s", "role": role} for name, role in given.items()]


def _write(folder: Path, **changes) -> Path:
    path = folder / "mine.yaml"
    values = {**GOOD, **changes}
    path.write_text(yaml.safe_dump({k: v for k, v in values.items() if v is not None}))
    return path


def test_shipped_splits():
    known = catalog.manifests()
    assert {"synthetic-mini@1", "synthetic@1"} <= set(known)
    mini, full = known["synthetic-mini@1"], known["synthetic@1"]
    assert mini.resolution == (128, 128)
    assert mini.train_fraction == 10 / 11
    assert len(full.sequences) == 32
    assert len({(e.subject, e.emotion) for e in full.sequences}) == 32
    assert full.resolution == (256, 256)
    for subject in {entry.subject for entry in full.sequences}:
        acted = [entry for entry in full.sequences if entry.subject == subject]
        assert [entry.emotion for entry in acted] == list(EMOTIONS)
        assert len({entry.options["identity"] for entry in acted}) == 1
    levels = {(entry.emotion, entry.intensity) for entry in full.sequences}
    assert all((emotion, level) in levels for emotion in EMOTIONS[1:] for level in (1, 2, 3))


def test_a_name_without_version_means_the_newest(monkeypatch, tmp_path):
    newer, older = tmp_path / "newer", tmp_path / "older"
    for folder, version in ((newer, 12), (older, 9)):
        folder.mkdir()
        _write(folder, id="synthetic-mini", version=version)
    source = f"NEWER = {str(newer / 'mine.yaml')!r}\nOLDER = {str(older / 'mine.yaml')!r}\n"
    points = "newer = theirs:NEWER\nolder = theirs:OLDER"
    with installed(monkeypatch, tmp_path / "p", source, splits=points):
        assert catalog.manifest("synthetic-mini").version == 12
        assert catalog.manifest("synthetic-mini@1").version == 1


def test_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownName, match=r"Did you mean 'synthetic-mini'"):
        catalog.manifest("synthetc-mini")
    with pytest.raises(UnknownName, match="synthetic-mini@1"):
        catalog.manifest("synthetic-mini@7")


def test_a_manifest_reads_back(tmp_path):
    split = catalog.read_manifest(_write(tmp_path, train_fraction="4/5"))
    assert isinstance(split, SplitManifest)
    assert split.name == "mine@1"
    assert split.resolution == (64, 48)
    assert split.train_fraction == 0.8
    assert split.sequences[0].options == {"identity": 1, "seed": 2}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fps": None}, "fps: Field required"),
        ({"fps": 0}, "fps: "),
        ({"resolution": [64]}, "resolution"),
        ({"resolution": [8, 64]}, "at least 16 pixels"),
        ({"frames": 3}, "frames: Extra inputs"),
        ({"train_fraction": "11/10"}, "train_fraction"),
        ({"sequences": []}, "sequences"),
        ({"sequences": [{"id": "a", "subject": "s"}] * 2}, "occur twice: a"),
        ({"sequences": [{"id": "a", "subject": "s", "emotion": "glad"}]}, "'glad' is not one of"),
        ({"sequences": [{"id": "a/b", "subject": "s"}]}, "sequences.0.id"),
        (
            {"sequences": roles(a="tset")},
            "role 'tset' is not one of train, validate, test",
        ),
        ({"sequences": roles(a="train", b=None)}, "subject s: sequence b has no role"),
        ({"sequences": roles(a="test")}, "subject s has a test sequence but no training sequence"),
        ({"sequences": roles(a="test", b="validate")}, "unseen_subjects: true"),
        ({"sequences": roles(a="train", b="validate")}, "there is no test sequence"),
    ],
)
def test_a_bad_field_is_named(tmp_path, changes, named):
    path = _write(tmp_path, **changes)
    with pytest.raises(BadInput) as caught:
        catalog.read_manifest(path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)


def test_roles_read_back(tmp_path):
    given = [*roles(a="train", b="validate", c="test"), {"id": "d", "subject": "t"}]
    split = catalog.read_manifest(_write(tmp_path, sequences=given))
    assert [entry.role for entry in split.sequences] == ["train", "validate", "test", None]
    assert not split.unseen_subjects
    unseen = [*roles(a="train"), {"id": "b", "subject": "t", "role": "test"}]
    assert catalog.read_manifest(_write(tmp_path, sequences=unseen, unseen_subjects=True))
    with pytest.raises(BadInput, match="subject t has a test sequence"):
        catalog.read_manifest(_write(tmp_path, sequences=unseen))


def test_a_folder_is_beside_the_manifest(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    given = [{"id": str(i), "subject": "s", "options": {"folder": folder}}
             for i, folder in enumerate(("a", "/b/c", "~/d"))]  # fmt: skip
    split = catalog.read_manifest(_write(tmp_path, sequences=given))
    folders = [entry.options["folder"] for entry in split.sequences]
    assert folders == [str(tmp_path / "a"), "/b/c", "/home/somebody/d"]


def test_load_applies_the_role(tmp_path, monkeypatch):
    def theirs(split, entry, progress=None):
        frames = FrameSource.of(np.zeros((11, 8, 8, 3), np.uint8))
        audio = np.zeros(11 * 640, np.float32)
        return Sequence(entry.id, entry.subject, 25.0, audio, frames, range(10), range(10, 11))

    monkeypatch.setattr("splits.synthetic.corpus.load", theirs)
    given = [*roles(a="train", b="validate", c="test"), {"id": "d", "subject": "t"}]
    split = catalog.read_manifest(_write(tmp_path, sequences=given))
    found = [catalog.load(split, entry) for entry in split.sequences]
    assert [(len(one.train), len(one.test)) for one in found] == [(11, 0), (0, 0), (0, 11), (10, 1)]
    assert len(TrainingSet.of(found[0], found[3]).sequences[0].frames) == 11


def test_a_plug_in_with_contradictory_roles(monkeypatch, tmp_path):
    source = (
        "from dataclasses import replace\nfrom splits.catalog import read_manifest\n"
        f"GOOD = read_manifest(__import__('pathlib').Path({str(_write(tmp_path))!r}))\n"
        "VALUE = replace(GOOD, sequences=GOOD.sequences * 2)\n"
    )
    with installed(monkeypatch, tmp_path / "p", source, splits="mine = theirs:VALUE"):
        assert "synthetic-mini@1" in catalog.manifests()
        with pytest.raises(BadInput, match=r"sequence ids occur twice: a"):
            catalog.manifest("mine")


@pytest.mark.parametrize("text", ["id: [", "- a\n- b\n", "", "!!python/object/apply:os.getcwd []"])
def test_a_file_that_is_no_manifest(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"broken\.yaml"):
        catalog.read_manifest(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        catalog.read_manifest(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "value", ["read_manifest(PATH)", "PATH", "str(PATH)", "lambda: PATH", "lambda: str(PATH)"]
)
def test_plug_ins_give_manifests_paths_or_callables(monkeypatch, tmp_path, value):
    source = (
        "from pathlib import Path\nfrom splits.catalog import read_manifest\n"
        f"PATH = Path({str(_write(tmp_path))!r})\nVALUE = {value}\n"
    )
    with installed(monkeypatch, tmp_path / "p", source, splits="mine = theirs:VALUE"):
        assert catalog.manifest("mine").name == "mine@1"


def test_a_plug_in_that_names_no_manifest(monkeypatch, tmp_path):
    source = f"VALUE = {str(_write(tmp_path, fps=0))!r}"
    with installed(monkeypatch, tmp_path / "p", source, splits="mine = theirs:VALUE"):
        with pytest.raises(BadInput, match=r"mine = theirs:VALUE .* fps: Input should be greater"):
            catalog.manifest("mine")
        assert "synthetic-mini@1" in catalog.manifests()


def test_loaders(tmp_path):
    from splits.synthetic import corpus

    assert catalog.loader(catalog.manifest("synthetic-mini")) is corpus.load
    named = catalog.read_manifest(_write(tmp_path, loader="json:loads"))
    assert catalog.loader(named).__module__ == "json"
    with pytest.raises(UnknownName, match="unknown loader 'sinthetic'"):
        catalog.loader(catalog.read_manifest(_write(tmp_path, loader="sinthetic")))
    with pytest.raises(BadInput, match="cannot be imported"):
        catalog.loader(catalog.read_manifest(_write(tmp_path, loader="json:no_such")))


def test_reading_the_catalogue_does_not_import_torch():
    code = (
        "import sys; from splits import catalog; catalog.manifest('synthetic-mini');"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(catalog.__file__).resolve().parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
