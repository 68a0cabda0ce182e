"""`pretrain` from three subjects to a file that a method reads, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from harness.contracts import EmotionTrack, Expression, SequenceEntry
from harness.engine import split_data
from methods.speech.experts.lip import lip_basis, lip_controls
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.expert import start_from
from methods.ua3dtalk.priors.emotion.waveform import ConvEncoder
from splits import catalog as splits
from tests import toy

SUBJECTS = ("ann", "ben", "cid")
SPLITS = tuple(word for name in SUBJECTS for word in ("--split", name))


def load(manifest, entry, progress):
    """A toy sequence of a subject, in two emotions."""
    found = toy.sequence(44, seed=ord(entry.subject[0]), id=entry.id, subject=entry.subject)
    emotions = EmotionTrack(np.arange(44) // 5 % 2, np.ones(44, np.int64))
    signals = {**found.signals, "emotion": emotions, **entry.options}
    return replace(found, signals=signals)


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    options = {}

    def manifest(name, tests=()):
        entry = SequenceEntry(f"{name}/a", name, options=options.get(name, {}))
        return toy.manifest(id=name, sequences=(entry,))

    monkeypatch.setattr(split_data, "find_manifest", manifest)
    monkeypatch.setattr(splits, "loader", lambda manifest: load)
    monkeypatch.chdir(tmp_path)
    return lambda *words, **given: options.update(given) or command("pretrain", *words)


def test_a_lip_expert_from_subjects_to_features(call, tmp_path):
    code, out, err = call("lip", *SPLITS, "--out", "own.safetensors", "--steps", 4)
    assert code == 0, err
    assert "Held out: cid." in out
    assert "Trained on ann, ben; 0.1 minutes" in out
    assert "--split ann --split ben --split cid --held-out cid --seed 0 --steps 4" in out
    assert out.strip() == (tmp_path / "own.md").read_text().strip()
    assert "--set expert=own.safetensors" in err
    path = tmp_path / "own.safetensors"
    assert lip_basis(path) == "synthetic"
    assert lip_controls(toy.sequence().audio, 25.0, 44, path).shape == (44, 2)


def test_an_emotion_expert_from_subjects_to_a_fit(call, tmp_path):
    words = ("--out", "own.safetensors", "--steps", 2, "--held-out", "ann")
    code, out, err = call("emotion", *SPLITS, *words)
    assert code == 0, err
    assert "Held out: ann." in out
    assert "chance: 0.500" in out
    assert "--set emotion_expert=own.safetensors" in err
    config = PriorConfig.of({"emotion_expert": str(tmp_path / "own.safetensors")})
    net = CoAttention(config, ConvEncoder(config.waveform_width))
    assert start_from(net, tmp_path / "own.safetensors", config).endswith("own.safetensors")
    assert {path.name for path in tmp_path.iterdir()} == {"own.safetensors", "own.md"}


def test_a_rehearsal_writes_nothing(call, tmp_path):
    code, out, err = call("lip", *SPLITS, "--out", "own.safetensors", "--dry-run")
    assert (code, err) == (0, "")
    assert "into own.safetensors: a lip expert for 2 coefficients of synthetic, 4000 steps" in out
    assert "learns from ann, ben; held out: cid" in out
    assert list(tmp_path.iterdir()) == []


def other(basis, count=44, size=2):
    return {"expression": Expression(np.ones((count, size), np.float32), basis)}


@pytest.mark.parametrize(
    ("words", "given", "sentence"),
    [
        (("nose", *SPLITS), {}, "unknown kind of expert 'nose'"),
        (("lip", *SPLITS[:4]), {}, "training parts of 2 subjects are there (ann, ben)"),
        (("lip", *SPLITS, "--held-out", "dan"), {}, "unknown subject 'dan'"),
        (("lip", *SPLITS), {"ben": {"expression": None}}, "'expression' is missing, and pretrain"),
        (("lip", *SPLITS), {"ben": other("mp52")}, "its expression is mp52 with 2 coefficients"),
        (("lip", *SPLITS), {"ben": other("synthetic", size=3)}, "synthetic with 3 coefficients"),
        (("emotion", *SPLITS), {"cid": {"emotion": None}}, "'emotion' is missing, and pretrain"),
        (
            ("emotion", *SPLITS),
            {n: {"emotion": EmotionTrack(np.full(44, 5), np.ones(44))} for n in SUBJECTS},
            "ann, ben, cid show one emotion alone (happy)",
        ),
        (("emotion", *SPLITS, "--preset", "quik"), {}, "Did you mean 'quick'"),
        (("lip", *SPLITS, "--preset", "paper"), {}, "--preset: a lip expert has no presets"),
        (("lip", *SPLITS, "--out", "a.pt"), {}, "'a.pt' is no .safetensors file"),
        (("lip", *SPLITS, "--out", "no/a.safetensors"), {}, "there is no such folder"),
        (("lip", *SPLITS, "--device", "tpu"), {}, "'tpu' is not a device"),
    ],
)
def test_refusals_come_before_any_work(call, tmp_path, words, given, sentence):
    out = () if "--out" in words else ("--out", "own.safetensors")
    code, _, err = call(*words, *out, **given)
    assert code == 2
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_kept(call, tmp_path):
    (tmp_path / "own.md").write_text("mine")
    code, _, err = call("lip", *SPLITS, "--out", "own.safetensors")
    assert code == 2
    assert "it exists already" in err
