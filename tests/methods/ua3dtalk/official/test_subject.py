"""A checkpoint of the released code as a subject: fitted without training, and rendered."""

import dataclasses
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from harness.contracts import (
    AudioFeatures,
    BadInput,
    FitContext,
    Priors,
    RenderRequest,
    TrainingSet,
)
from harness.files.tensors import read_tensors
from methods.gaussians.rasterize import rasterize
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.features import au_of
from methods.ua3dtalk.field.conditions import Conditions
from methods.ua3dtalk.method import UA3DTalk
from methods.ua3dtalk.official.reading import Capture
from methods.ua3dtalk.official.subject import cloud_of, read_subject
from methods.ua3dtalk.spec import PAPER
from tests.methods.ua3dtalk.official import checkpoint, released, seeded
from tests.methods.ua3dtalk.official.conftest import SMALL


@pytest.fixture(scope="module")
def talker(sequence):
    """The ellipsoid with the inputs of the released code: feature files and DeepSpeech's."""
    count = len(sequence.frames)

    def draw(name, *shape):
        return seeded.draw(name, (count, *shape)).numpy().astype(np.float32)

    signals = {
        "priors": Priors(draw("f_exp", 64), draw("f_tone", 64), draw("f_emo", 128)),
        "audio_features": AudioFeatures(draw("auds", 16, 29), "deepspeech"),
    }
    return dataclasses.replace(sequence, signals={**sequence.signals, **signals})


@pytest.fixture
def options(tmp_path, small):
    path = tmp_path / "chkpnt_fuse_latest.pth"
    checkpoint.write(path, checkpoint.contents(small), numpy_1=True)
    sizes = {k: list(v) if isinstance(v, tuple) else v for k, v in SMALL.items()}
    return {**PAPER, **sizes, "official_checkpoint": str(path)}


def request_of(part):
    controls = {name: part.signal(name) for name in ("au", "priors", "audio_features")}
    return RenderRequest.of(part, controls, oracle=False)


def expected(part, config, t):
    """Frame t over black, from the signals as the released code reads them."""
    windows = np.pad(part.signal("audio_features").values, ((4, 4), (0, 0), (0, 0)))
    priors = part.signal("priors")
    conditions = Conditions(
        torch.from_numpy(windows[t : t + 8]).mT,
        torch.from_numpy(au_of(TrainingSet((part,)))[t]),
        *(torch.from_numpy(getattr(priors, k)[t]) for k in ("content", "style", "emotion")),
    )
    camera, pictures = part.signal("camera"), []
    for branch, count in (("face", 60), ("mouth", 20)):
        captured = checkpoint.gaussians(branch, count)
        _, means, dc, rest, _, scales, quats, opacities, *_ = (
            value.detach() if torch.is_tensor(value) else value for value in captured
        )
        state, face = checkpoint.field(config, branch), branch == "face"
        moved = released.forward(state, config, means, conditions, face=face)
        pictures += rasterize(
            means + moved["means"],
            quats + moved.get("quats", 0),
            F.softplus(scales + moved.get("scales", 0)),
            opacities[:, 0].sigmoid(),
            torch.cat([dc, rest], 1),
            torch.from_numpy(np.asarray(camera.world_to_camera[t : t + 1])),
            torch.from_numpy(np.asarray(camera.K[t : t + 1])),
            part.width,
            part.height,
            sh_degree=2,
        )[:2]
    face, face_alpha, mouth, mouth_alpha = pictures
    rgb = face + (1 - face_alpha) * mouth
    return rgb[0].clamp(0, 1), 1 - (1 - face_alpha[0, ..., 0]) * (1 - mouth_alpha[0, ..., 0])


def test_it_renders_in_the_units_of_the_cameras(talker, options, small, tmp_path):
    stages = []
    context = FitContext(options, progress=lambda stage, *_, **__: stages.append(stage))
    UA3DTalk().fit(TrainingSet.of(talker), tmp_path / "fit", context)
    assert stages == []
    method = UA3DTalk()
    method.load(tmp_path / "fit")
    part = talker.part(talker.test)
    covered = 0.0
    for t, frame in enumerate(method.render(request_of(part))):
        rgb, alpha = expected(part, small, t)
        np.testing.assert_allclose(frame.rgb, rgb.numpy(), atol=2e-4)
        np.testing.assert_allclose(frame.alpha, alpha.numpy(), atol=2e-4)
        covered += float(alpha.mean()) / len(part.frames)
    assert 0.05 < covered < 0.95

    description = json.loads((tmp_path / "fit/model.json").read_text())
    assert description["blink_scale"] == 1
    assert description["scene"] == {"centre": [0.0, 0.0, 0.0], "scale": 1.0}
    record = json.loads((tmp_path / "fit/fit.json").read_text())
    assert record["gaussians"] == {"face": 60, "mouth": 20}
    assert record["stages"] == {}
    assert record["priors"]["source"] == "signal"
    assert "chkpnt_fuse_latest.pth" in record["perceptual_loss"]
    assert read_tensors(tmp_path / "fit/model.pt")["scaling"] == {}


def test_another_file_under_the_same_name_is_another_fit(talker, options, small, tmp_path):
    training = TrainingSet.of(talker)
    UA3DTalk().fit(training, tmp_path / "fit", FitContext(options))
    before = (tmp_path / "fit/model.json").stat().st_mtime_ns
    UA3DTalk().fit(training, tmp_path / "fit", FitContext(options))
    assert (tmp_path / "fit/model.json").stat().st_mtime_ns == before
    other = checkpoint.contents(small, (50, 10))
    checkpoint.write(tmp_path / "chkpnt_fuse_latest.pth", other)
    UA3DTalk().fit(training, tmp_path / "fit", FitContext(options))
    assert len(read_tensors(tmp_path / "fit/model.pt")["face"]["means"]) == 50


def captured(**changes):
    _, means, dc, rest, _, scales, quats, opacities, *_ = checkpoint.gaussians("face", 5)
    values = (2, means, dc, rest, scales, quats, opacities)
    stored = Capture(*(v.detach() if torch.is_tensor(v) else v for v in values))
    return dataclasses.replace(stored, **changes)


def test_coefficients_above_the_active_degree_have_no_effect(tmp_path):
    whole, low = cloud_of(captured(), 2, tmp_path), cloud_of(captured(degree=1), 2, tmp_path)
    assert torch.equal(low.gaussians.shN[:, :3], whole.gaussians.shN[:, :3])
    assert not low.gaussians.shN[:, 3:].any()
    assert whole.gaussians.shN[:, 3:].all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"hidden": 8}, r"fc1.weight has the shape .*preset `paper`"),
        ({"use_emotion": False}, "parameters too many, such as .*preset `paper`"),
        ({"ensemble_size": 2}, "parameters too many"),
        ({"sh_degree": 1}, "8 higher coefficients, not 3.*sh_degree"),
    ],
)
def test_settings_of_another_field_are_refused(options, change, match):
    with pytest.raises(BadInput, match=f"chkpnt_fuse_latest.pth: .*{match}"):
        read_subject(Settings.of({**options, **change}))


@pytest.mark.parametrize(
    ("signals", "changes", "match"),
    [
        ({"priors": None}, {}, "not from files.*six feature files"),
        ({"audio_features": None}, {}, "DeepSpeech .* are absent.*aud_ds.npy"),
        (
            {"audio_features": AudioFeatures(np.zeros((87, 16, 29), np.float32), "logmel29")},
            {},
            "DeepSpeech .* are logmel29",
        ),
        ({}, {"priors": {"audio_features": "logmel29"}}, "are not used.*auto"),
        ({}, {"priors": {"content": "own"}}, "not from files.*content. to official"),
        ({}, {"official_checkpoint": "/nowhere/x.pth"}, "no such file.*train_fuse.py"),
    ],
)
def test_what_the_released_networks_need_is_asked_for(
    talker, options, tmp_path, signals, changes, match
):
    part = talker.part(talker.train)
    kept = {k: v for k, v in {**part.signals, **signals}.items() if v is not None}
    training = TrainingSet((dataclasses.replace(part, signals=kept),))
    with pytest.raises(BadInput, match=match):
        UA3DTalk().fit(training, tmp_path / "fit", FitContext({**options, **changes}))
    assert not (tmp_path / "fit").exists()
