"""Folders as splits: one sequence, several of one subject, several subjects."""

import json
from pathlib import Path

import pytest

from harness.contracts import BadInput, UnknownName
from splits import catalog
from splits.er_nerf import manifest_of
from splits.er_nerf.subject import SubjectSequence, write_subject
from tests.splits.er_nerf.conftest import COUNT, write_folder


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """Three sequences of Anna; the last is the test."""
    root = tmp_path_factory.mktemp("subject") / "Anna"
    for name in ("lächeln", "b", "c"):
        write_folder(root / name)
    roles = {"lächeln": "train", "b": "train", "c": "test"}
    parts = (SubjectSequence(id=name, role=role) for name, role in roles.items())
    write_subject(root, tuple(parts))
    return root


def described(subject, **changes):
    content = json.loads((subject / "subject.json").read_text())
    content["sequences"][0].update(changes)
    return json.dumps(content)


@pytest.fixture
def edited(subject):
    """Writes another `subject.json`, put back at the end."""
    path = subject / "subject.json"
    before = path.read_text()
    yield path.write_text
    path.write_text(before)


def test_a_subject_of_several_sequences(subject):
    manifest = manifest_of(subject)
    assert manifest.name == "Anna@1"
    assert [(e.id, e.subject, e.role) for e in manifest.sequences] == [
        ("lächeln", "Anna", "train"), ("b", "Anna", "train"), ("c", "Anna", "test"),
    ]  # fmt: skip
    assert "the whole of c" in manifest.protocol
    first, _, last = (catalog.load(manifest, entry) for entry in manifest.sequences)
    assert (first.train, first.test) == (range(COUNT), range(0))
    assert (last.train, last.test) == (range(0), range(COUNT))
    assert first.subject == last.subject == "Anna"
    assert first.folder == subject / "lächeln"


def test_test_sequences_by_choice(subject):
    roles = [entry.role for entry in manifest_of(subject, test=("b", "b")).sequences]
    assert roles == ["train", "test", "train"]
    with pytest.raises(UnknownName, match="unknown sequence 'bb'"):
        manifest_of(subject, test=["bb"])
    with pytest.raises(BadInput, match="no training sequence"):
        manifest_of(subject, test=["lächeln", "b", "c"])
    with pytest.raises(BadInput, match="no training sequence"):
        manifest_of(subject / "b", test=["b"])


def test_without_roles_each_is_cut_in_time(subject, edited):
    edited(json.dumps({"sequences": [{"id": name} for name in ("c", "b", "lächeln")]}))
    manifest = manifest_of(subject)
    assert [entry.id for entry in manifest.sequences] == ["c", "b", "lächeln"]
    sequence = catalog.load(manifest, manifest.sequences[0])
    assert (sequence.train, sequence.test) == (range(20), range(20, 22))


def test_without_the_file_each_folder_is_a_subject(tmp_path):
    for name in ("clip10", "clip2", ".hidden"):
        write_folder(tmp_path / "data" / name)
    (tmp_path / "data" / "notes").mkdir()
    manifest = manifest_of(tmp_path / "data")
    assert [(e.id, e.subject, e.role) for e in manifest.sequences] == [
        ("clip2", "clip2", None), ("clip10", "clip10", None),
    ]  # fmt: skip
    (tmp_path / "data" / "clip2" / "prepare.json").write_text('{"fps": 30}')
    with pytest.raises(BadInput, match="clip10: its frames are 32x32 at 25 fps, those of clip2"):
        manifest_of(tmp_path / "data")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda s: "{", "not a readable JSON"),
        (lambda s: "[" * 100_000, "nested too deeply"),
        (lambda s: '{"sequences": []}', "sequences"),
        (lambda s: described(s, id="../x"), "not the name of a sub-folder"),
        (lambda s: described(s, id="b"), "occurs twice"),
        (lambda s: described(s, id="d"), "it lists d, and no prepared folder"),
        (lambda s: described(s, role="tset"), "role"),
        (lambda s: described(s, role=None), "has no role and others"),
        (lambda s: '{"sequences": [{"id": "b"}]}', "does not list it"),
    ],
)
def test_broken_subject_files(subject, edited, change, match):
    edited(change(subject))
    with pytest.raises(BadInput, match=match):
        manifest_of(subject)


def test_two_folders_of_one_name_can_be_told_apart(tmp_path, monkeypatch):
    one, other = (manifest_of(write_folder(tmp_path / n / "obama")) for n in "ab")
    assert one.name == other.name == one.folder_name == other.folder_name == "obama@1"
    assert one.key != other.key
    assert one.distinct_folder_name == f"obama@1-{one.key}"
    monkeypatch.chdir(tmp_path / "a")
    assert manifest_of(Path("obama")) == one
    assert manifest_of(Path("../a/obama")) == one
    shipped = catalog.manifest("synthetic-mini")
    assert (shipped.key, shipped.distinct_folder_name) == ("", "synthetic-mini@1")
    names = {manifest_of(write_folder(tmp_path / f"{'ü' * 120}{n}")).folder_name for n in "ab"}
    assert len(names) == 2
    assert max(len(name.encode()) for name in names) <= 200
