"""The training code on drawn discs: that it runs, writes whole files, and repeats itself."""

import numpy as np
import pytest
import torch

from harness.contracts import BadInput, Expression, FrameSource, Masks, Sequence, UnknownName
from metrics.backbones.load import load_into, read_state
from metrics.backbones.lpips import PerceptualDistance
from metrics.backbones.synthetic_face import FaceNet
from metrics.backbones.synthetic_perceptual import PerceptualTrunk
from metrics.backbones.synthetic_syncnet import SyntheticSyncNet
from metrics.training import NAMES, train
from metrics.training.__main__ import register
from metrics.training.augment import MIRROR, blur, mirror, move
from metrics.training.data import face_samples, speech_samples, split_people

NETS = {
    "synthetic-face": FaceNet,
    "synthetic-syncnet": SyntheticSyncNet,
    "synthetic-perceptual": lambda: PerceptualDistance(PerceptualTrunk()),
}


def disc_person(k: int, count: int = 60, size: int = 64) -> Sequence:
    """A disc with a mouth that opens as loudly as it sounds."""
    rng = np.random.default_rng(k)
    loud = np.abs(np.sin(np.arange(count) / 4 + k)).astype(np.float32)
    y, x = np.mgrid[:size, :size]
    plate = np.full((count, size, size, 3), 40 + 10 * k, np.uint8)
    frames, bits = plate.copy(), np.zeros((count, size, size), np.uint8)
    landmarks = np.zeros((count, 68, 2), np.float32)
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    skin = rng.integers(120, 250, 3)
    for t in range(count):
        cx, cy = 32 + 4 * np.sin(t / 9), 30 + 3 * np.cos(t / 7)
        head = (x - cx) ** 2 + (y - cy) ** 2 < 18**2
        mouth = ((x - cx) / 7) ** 2 + ((y - cy - 9) / (1 + 5 * loud[t])) ** 2 < 1
        frames[t][head], frames[t][mouth] = skin, 20
        bits[t] = head * 3 + mouth * 8
        landmarks[t, :48, 0] = cx + 15 * np.cos(angle)
        landmarks[t, :48, 1] = cy + 15 * np.sin(angle)
        lips = np.linspace(0, 2 * np.pi, 20)
        landmarks[t, 48:, 0] = cx + 7 * np.cos(lips)
        landmarks[t, 48:, 1] = cy + 9 + (1 + 5 * loud[t]) * np.sin(lips)
    expression = np.zeros((count, 24), np.float32)
    expression[:, [17, 20]] = loud[:, None]
    audio = rng.normal(size=count * 640).astype(np.float32) * np.repeat(loud, 640) * 0.2
    signals = {
        "landmarks": landmarks,
        "expression": Expression(expression, "synthetic"),
        "masks": Masks(bits),
        "plate": FrameSource.of(plate),
    }
    name = f"disc-{k}"
    return Sequence(
        name,
        name,
        25.0,
        audio,
        FrameSource.of(frames),
        range(100),
        range(100, 120),
        domain="synthetic",
        signals=signals,
    )


@pytest.fixture(scope="module")
def people():
    return [disc_person(k) for k in range(3)]


@pytest.fixture(scope="module")
def trained(people, tmp_path_factory):
    out = tmp_path_factory.mktemp("weights")
    return out, {name: train(name, people, out, seed=1, budget=0.003) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_files_read_back_into_the_network_and_the_card_says_the_figures(trained, name):
    out, figures = trained
    path = out / f"{name}.safetensors"
    load_into(NETS[name](), read_state(path), path)
    card = (out / f"{name}.md").read_text("utf-8")
    assert "Held out: disc-2 to disc-2." in card
    for key, value in figures[name].items():
        assert f"| {key.replace('_', ' ')} | {value:.4g} |" in card
    assert sorted(p.suffix for p in out.iterdir()) == [".md"] * 3 + [".safetensors"] * 3


def test_the_same_seed_gives_the_same_file(people, trained, tmp_path):
    train("synthetic-face", people, tmp_path, seed=1, budget=0.003)
    again = read_state(tmp_path / "synthetic-face.safetensors")
    for key, value in read_state(trained[0] / "synthetic-face.safetensors").items():
        torch.testing.assert_close(again[key], value, rtol=1e-2, atol=1e-3)


def test_held_out_people_are_other_people(people):
    learn, held = split_people(people)
    assert [s.subject for s in learn] == ["disc-0", "disc-1"]
    assert [s.subject for s in held] == ["disc-2"]
    with pytest.raises(BadInput, match="one subject"):
        split_people(people[:1])


def test_unknown_network(people, tmp_path):
    with pytest.raises(UnknownName, match="synthetic-face"):
        train("synthetic-faces", people, tmp_path)


def test_samples_of_another_size_keep_landmarks_and_regions_in_place(people):
    samples = face_samples(people[0], 10)
    assert samples.images.shape == (10, 128, 128, 3)
    for landmarks, regions in zip(samples.landmarks, samples.regions, strict=True):
        y, x = np.nonzero(regions[0])
        centre = np.array([x.mean() + 0.5, y.mean() + 0.5])
        np.testing.assert_allclose(landmarks[:48].mean(0), centre, atol=3)


def test_mouth_crops_are_centred_on_the_mouth(people):
    samples = speech_samples(people[0], keep_frames=False)
    assert samples.mouths.shape == (60, 56, 56, 3)
    wide = samples.mouths[int(np.argmax(people[0].signal("expression").values[:, 20]))]
    dark = np.nonzero(wide[14:42, 14:42].max(-1) < 60)
    assert abs(dark[0].mean() + 14 - 27.5) < 3
    assert abs(dark[1].mean() + 14 - 27.5) < 3


def test_moved_pictures_and_points_stay_together():
    rng = torch.Generator().manual_seed(0)
    x = torch.zeros(8, 3, 128, 128)
    x[:, :, 60:64, 70:74] = 1
    points = torch.tensor([[72.0, 62.0]]).expand(8, 1, 2)
    box = torch.full((8, 2), 66.0), torch.full((8,), 32.0)
    for picture, moved in (move(x, points, rng), move(x, points, rng, box)):
        check_centre_of_light(picture, moved)


def check_centre_of_light(picture, moved):
    for k in range(8):
        weight = picture[k, 0] / picture[k, 0].sum()
        at = torch.arange(128) + 0.5
        found = torch.stack([(weight.sum(0) * at).sum(), (weight.sum(1) * at).sum()])
        torch.testing.assert_close(found, moved[k, 0], atol=0.3, rtol=0)


def test_a_mirror_of_a_mirror_is_the_picture():
    x, points = torch.rand(2, 3, 32, 32), torch.rand(2, 68, 2) * 32
    again = mirror(*mirror(x, points))
    torch.testing.assert_close(again[0], x)
    torch.testing.assert_close(again[1], points)
    assert sorted(MIRROR) == list(range(68))


def test_blur_keeps_the_mean_and_takes_the_detail():
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    soft = blur(x, 2.0)
    assert soft.std() < 0.3 * x.std()
    assert soft.mean() == pytest.approx(x.mean().item(), abs=0.01)


def test_register_rewrites_its_own_row_only(tmp_path):
    registry, weights = tmp_path / "weights.toml", tmp_path / "b.safetensors"
    weights.write_bytes(b"12345")
    row = '[{}]\nfile = "x"\nbytes = 0\nsha256 = ""\n\n'
    registry.write_text("".join(row.format(n) for n in "abc"))
    register("b", weights, registry)
    lines = registry.read_text().split("\n\n")
    assert "bytes = 5" in lines[1]
    assert "bytes = 0" in lines[0]
    assert "bytes = 0" in lines[2]
    with pytest.raises(SystemExit):
        register("d", weights, registry)
