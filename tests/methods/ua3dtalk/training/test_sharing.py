"""Stages that fits share: each trained once, keyed by what decides it, equal to the bit."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from harness.ablation.grid import find_grid
from harness.contracts import FitContext, Priors, TrainingSet
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.features import FrameFeatures
from methods.ua3dtalk.method import UA3DTalk
from methods.ua3dtalk.spans import Spans
from methods.ua3dtalk.spec import QUICK, SPEC
from methods.ua3dtalk.training.sharing import digests_of, stage_inputs

TINY = {
    **QUICK,
    "face_iterations": 12,
    "mouth_iterations": 6,
    "fuse_iterations": 3,
    "face_gaussians": 120,
    "mouth_gaussians": 30,
    "face_max_gaussians": 200,
    "mouth_max_gaussians": 50,
    "densify_every": 4,
    "base_resolution": 8,
    "multipliers": [1],
    "plane_features": 4,
    "emotion_base_resolution": 8,
    "emotion_multipliers": [1],
    "emotion_features": 4,
    "hidden": 8,
    "latent": 4,
    "ensemble_size": 2,
    # From random weights: an expert is best left as it is in so few steps.
    "priors": {"style_steps": 2, "emotion_steps": 2, "folds": 3, "emotion_expert": "none"},
}
DIGESTS = {name: name for name in ("audio", "au", "content", "style", "emotion")}


class Folders:
    """A stage cache of plain folders."""

    def __init__(self, root):
        self.root, self.kept = root, []

    def _path(self, stage, inputs):
        text = json.dumps([stage, inputs], sort_keys=True)
        return self.root / hashlib.sha256(text.encode()).hexdigest()[:16]

    def find(self, stage, inputs):
        path = self._path(stage, inputs)
        return path if path.is_dir() else None

    @contextmanager
    def keep(self, stage, inputs):
        path = self._path(stage, inputs)
        path.mkdir(parents=True)
        yield path
        self.kept.append(stage)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def fit(sequence, workdir, changes, stages=None):
    trained = set()

    def progress(stage, done, total, **_):
        trained.add(stage)

    context = FitContext({**TINY, **changes}, progress=progress, stages=stages)
    UA3DTalk().fit(TrainingSet.of(sequence), workdir, context)
    return trained


def numbers(workdir):
    groups = torch.load(workdir / "model.pt", weights_only=True)
    return {(group, name): v for group, values in groups.items() for name, v in values.items()}


def test_table2_trains_what_its_rows_share_once_and_to_the_same_bits(sequence, tmp_path):
    cache = Folders(tmp_path / "cache")
    trained = Counter()
    for row in find_grid(SPEC, "table2").rows:
        shared, alone = tmp_path / f"{row.name}-shared", tmp_path / f"{row.name}-alone"
        trained.update(fit(sequence, shared, row.set, cache))
        fit(sequence, alone, row.set)
        one, two = numbers(shared), numbers(alone)
        assert one.keys() == two.keys()
        assert all(torch.equal(one[key], two[key]) for key in one), row.name
        assert (shared / "priors/priors.safetensors").read_bytes() == (
            alone / "priors/priors.safetensors"
        ).read_bytes()
    # Five rows: content and style serve P, P+U, P+E+U; emotion serves E, P+E+U; the mouth,
    # which is conditioned on no emotion, serves Baseline and E, then P, then P+U and P+E+U.
    assert trained == {"content": 1, "style": 1, "emotion": 1, "face": 5, "mouth": 3, "fuse": 5}
    assert Counter(cache.kept) == {"prior": 1, "emotion": 1, "face": 5, "mouth": 3}


def test_a_killed_fit_goes_on_with_shared_stages(sequence, tmp_path):
    class Killed(Exception):
        pass

    def kill(stage, done, total, **_):
        if stage == "mouth":
            raise Killed

    cache = Folders(tmp_path / "cache")
    part = sequence.part(sequence.train)
    with pytest.raises(Killed):
        UA3DTalk().fit(
            TrainingSet.of(part), tmp_path / "a", FitContext(TINY, progress=kill, stages=cache)
        )
    assert cache.kept == ["prior", "emotion", "face"]
    fit(sequence, tmp_path / "a", {}, cache)
    fit(sequence, tmp_path / "b", {})
    one, two = numbers(tmp_path / "a"), numbers(tmp_path / "b")
    assert all(torch.equal(one[key], two[key]) for key in one)


def inputs(name, **changes):
    return stage_inputs(name, Settings.of({**TINY, **changes}), DIGESTS, "off")


@pytest.mark.parametrize(
    ("change", "face", "mouth"),
    [
        ({"use_emotion": False}, True, False),
        ({"use_au": False}, True, False),
        ({"use_prior": False}, True, True),
        ({"use_uncertainty": False}, True, True),
        ({"fusion": "diag"}, True, True),
        ({"ensemble_size": 3}, True, True),
        ({"face_iterations": 13}, True, False),
        ({"mouth_iterations": 7}, False, True),
        ({"face_motion_rate": 2.0}, True, False),
        ({"mouth_motion_rate": 3.0}, False, True),
        ({"attention_weight": 0.5}, True, False),
        ({"face_max_gaussians": 150}, True, False),
        ({"attention_from": 0.3}, True, False),
        ({"attention_init": "released"}, True, False),
        ({"face_select_every": 5}, True, False),
        ({"mouth_select_every": 3}, False, True),
        ({"fuse_opacity_rate": 0.05}, False, False),
        ({"sh_degree": 2}, True, True),
        ({"hidden": 16}, True, True),
        ({"emotion_features": 8}, True, False),
        ({"fuse_iterations": 9}, False, False),
        ({"checkpoint_every": 5}, False, False),
    ],
)
def test_a_stage_is_keyed_by_exactly_what_decides_it(change, face, mouth):
    assert (inputs("face", **change) != inputs("face")) == face
    assert (inputs("mouth", **change) != inputs("mouth")) == mouth


def test_without_action_units_their_attention_decides_nothing():
    off = {"use_au": False}
    assert inputs("face", **off) == inputs("face", **off, attention_init="released")


def test_without_uncertainty_the_way_of_fusing_decides_nothing():
    off = {"use_uncertainty": False}
    assert inputs("face", **off) == inputs("face", **off, fusion="diag", ensemble_size=7)
    assert inputs("face", **off) == inputs("face", fusion="concat")


def test_a_stage_is_keyed_by_what_it_is_conditioned_on():
    def matters(name, feature):
        changed = stage_inputs(name, Settings.of(TINY), {**DIGESTS, feature: "other"}, "off")
        return changed != inputs(name)

    assert [each for each in DIGESTS if matters("face", each)] == list(DIGESTS)
    assert [each for each in DIGESTS if matters("mouth", each)] == ["audio", "content", "style"]
    assert stage_inputs("face", Settings.of(TINY), DIGESTS, "lpips") != inputs("face")


def test_digests_tell_values_apart():
    priors = Priors(*(np.zeros((2, n), np.float32) for n in (64, 64, 128)))
    features = FrameFeatures(np.zeros((2, 16, 29), np.float32), priors, None, Spans([2]))
    found = digests_of(features)
    assert list(found) == ["audio", "content", "style", "emotion"]
    other = FrameFeatures(features.audio + 1, priors, np.zeros((2, 6), np.float32), features.spans)
    assert digests_of(other)["audio"] != found["audio"]
    assert digests_of(other)["content"] == found["content"]
    assert "au" in digests_of(other)


def test_the_priors_options_of_one_part_do_not_retrain_the_other(sequence, tmp_path):
    cache = Folders(tmp_path / "cache")
    priors = TINY["priors"]
    fit(sequence, tmp_path / "a", {}, cache)
    fit(sequence, tmp_path / "b", {"priors": {**priors, "emotion_steps": 3}}, cache)
    assert Counter(cache.kept) == {"prior": 1, "emotion": 2, "face": 2, "mouth": 1}
    fit(sequence, tmp_path / "c", {"priors": {**priors, "own_context": 0, "content": "own"}}, cache)
    assert Counter(cache.kept) == {"prior": 2, "emotion": 2, "face": 3, "mouth": 2}
    fit(sequence, tmp_path / "d", {"priors": {**priors, "audio_features": "logmel29"}}, cache)
    assert Counter(cache.kept) == {"prior": 2, "emotion": 2, "face": 3, "mouth": 2}
