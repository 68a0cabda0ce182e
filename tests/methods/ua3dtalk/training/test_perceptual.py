"""LPIPS of the training: the published formula, its gradient, its weights, and its use."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from harness import weights
from harness.contracts import FitContext, TrainingSet
from methods.ua3dtalk.method import UA3DTalk
from methods.ua3dtalk.spec import QUICK
from methods.ua3dtalk.training.perceptual import (
    PatchPerceptual,
    load_perceptual,
    patch_side,
    patches,
)

#: AlexNet's convolutions by their place in torchvision's `features`: weight, stride, padding.
LAYERS = {
    0: ((64, 3, 11, 11), 4, 2),
    3: ((192, 64, 5, 5), 1, 2),
    6: ((384, 192, 3, 3), 1, 1),
    8: ((256, 384, 3, 3), 1, 1),
    10: ((256, 256, 3, 3), 1, 1),
}
POOLED_BEFORE = (3, 6)
FILES = {"lpips-alexnet": "alexnet.pth", "lpips-alex-heads": "heads.pth"}


@pytest.fixture(scope="module")
def state():
    """Trunk as torchvision's file has it, classifier and all, and heads as lpips has them."""
    rng = np.random.Generator(np.random.PCG64(1))
    trunk, heads = {"classifier.1.bias": torch.zeros(3)}, {}
    for k, (place, (shape, _, _)) in enumerate(LAYERS.items()):
        bound = 2 / np.prod(shape[1:]) ** 0.5
        trunk[f"features.{place}.weight"] = torch.from_numpy(rng.uniform(-bound, bound, shape))
        trunk[f"features.{place}.bias"] = torch.from_numpy(rng.uniform(-0.1, 0.1, shape[0]))
        heads[f"lin{k}.model.1.weight"] = torch.from_numpy(rng.uniform(0, 1, (1, shape[0], 1, 1)))
    return {k: v.float() for k, v in trunk.items()}, {k: v.float() for k, v in heads.items()}


@pytest.fixture
def folder(state, tmp_path, monkeypatch):
    """`HARNESS_WEIGHTS` with the two files, and a registry that knows no hash of them."""
    known = {name: weights.WeightEntry(name, file, "test") for name, file in FILES.items()}
    monkeypatch.setattr(weights, "registry", lambda: known)
    monkeypatch.setenv("HARNESS_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    for file, tensors in zip(FILES.values(), state, strict=True):
        torch.save(tensors, tmp_path / file)
    return tmp_path


@pytest.fixture
def network(folder):
    found, described = load_perceptual("cpu")
    assert described == "lpips-alexnet, lpips-alex-heads"
    return found


def convolve(x, weight, bias, stride, padding):
    """A convolution as one product with the windows."""
    windows = F.unfold(x[None], weight.shape[2:], padding=padding, stride=stride)[0]
    side = [(n + 2 * padding - weight.shape[2]) // stride + 1 for n in x.shape[1:]]
    return (weight.flatten(1) @ windows + bias[:, None]).unflatten(1, side)


def pool(x):
    return x.unfold(1, 3, 2).unfold(2, 3, 2).amax((3, 4))


def published(state, image, target):
    """LPIPS 0.1 with AlexNet, in float64, for images [3, H, W] in [0, 1]."""
    trunk, heads = ({k: v.double() for k, v in each.items()} for each in state)
    shift = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64)[:, None, None]
    scale = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64)[:, None, None]
    x, y = ((picture.double() * 2 - 1 - shift) / scale for picture in (image, target))
    total = 0.0
    for k, (place, (_, stride, padding)) in enumerate(LAYERS.items()):
        weight, bias = trunk[f"features.{place}.weight"], trunk[f"features.{place}.bias"]
        if place in POOLED_BEFORE:
            x, y = pool(x), pool(y)
        x, y = (convolve(each, weight, bias, stride, padding).clamp(min=0) for each in (x, y))
        a, b = (each / (each.square().sum(0).sqrt() + 1e-10) for each in (x, y))
        total = total + (heads[f"lin{k}.model.1.weight"][0] * (a - b) ** 2).sum(0).mean()
    return total


def pictures(height, width):
    rng = np.random.Generator(np.random.PCG64(2))
    image, target = (torch.from_numpy(rng.uniform(0, 1, (3, height, width))) for _ in "ab")
    return image.float(), target.float()


@pytest.mark.parametrize("size", [(32, 32), (48, 64)])
def test_value_and_gradient_are_the_published_ones(network, state, size):
    image, target = pictures(*size)
    ours, theirs = (image.clone().requires_grad_() for _ in "ab")
    value, expected = network(ours[None], target[None]), published(state, theirs, target)
    assert float(expected.detach()) > 0.1
    torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=0)
    value.backward()
    expected.backward()
    largest = float(theirs.grad.abs().max())
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4 * largest)


def test_in_float64_it_is_the_formula_to_the_last_digits(network, state):
    # The images' shift and scale are stored in float32.
    image, target = pictures(32, 32)
    value = network.double()(image[None].double(), target[None].double())
    torch.testing.assert_close(value, published(state, image, target), rtol=1e-6, atol=0)


def test_of_several_pairs_it_is_the_mean(network):
    both = [pictures(32, 40), tuple(reversed(pictures(32, 40)))]
    both[1] = (both[1][0], both[1][1].flip(2))
    alone = [float(network(image[None], target[None])) for image, target in both]
    together = network(*(torch.stack(each) for each in zip(*both, strict=True)))
    assert float(together) == pytest.approx(np.mean(alone), rel=1e-5)


def test_small_images_are_enlarged(network):
    image, target = (each[None] for each in pictures(20, 48))
    larger = [
        F.interpolate(each, size=(32, 48), mode="bilinear", align_corners=False)
        for each in (image, target)
    ]
    assert torch.equal(network(image, target), network(*larger))


def test_patches_are_all_whole_squares_of_a_grid():
    image = torch.arange(3 * 7 * 11.0).reshape(3, 7, 11)
    found = patches(image, 3)
    assert found.shape == (6, 3, 3, 3)
    for k, square in enumerate(found):
        top, left = 3 * (k // 3), 3 * (k % 3)
        assert torch.equal(square, image[:, top : top + 3, left : left + 3])
    assert patches(image, 50).shape == (1, 3, 7, 7)


def test_sides_are_even_and_between_two():
    generator = torch.Generator().manual_seed(0)
    assert {patch_side((32, 42), generator) for _ in range(200)} == set(range(32, 43, 2))


def test_equal_images_have_no_distance_and_no_gradient(network):
    image, _ = pictures(32, 32)
    moved = image.clone().requires_grad_()
    value = network(moved[None], image[None])
    value.backward()
    assert float(value.detach()) == 0
    assert not moved.grad.any()


def test_its_own_weights_never_learn(network):
    assert isinstance(network, PatchPerceptual)
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("file", FILES.values())
def test_without_a_file_the_reason_is_given(folder, file):
    (folder / file).unlink()
    network, reason = load_perceptual("cpu")
    assert network is None
    assert file in reason


TINY = {
    **QUICK,
    "face_iterations": 20,
    "mouth_iterations": 40,
    "fuse_iterations": 4,
    "face_gaussians": 120,
    "mouth_gaussians": 30,
    "base_resolution": 8,
    "multipliers": [1],
    "plane_features": 4,
    "hidden": 8,
    "latent": 4,
    "ensemble_size": 2,
    "use_prior": False,
    "use_emotion": False,
}


def test_every_stage_ends_with_it(folder, sequence, tmp_path):
    rows = {}
    for used in (False, True):
        workdir = tmp_path / str(used)
        context = FitContext({**TINY, "perceptual": used})
        UA3DTalk().fit(TrainingSet.of(sequence), workdir, context)
        rows[used] = [json.loads(line) for line in (workdir / "losses.jsonl").open()]
    record = json.loads((tmp_path / "True/fit.json").read_text())
    assert record["perceptual_loss"] == "lpips-alexnet, lpips-alex-heads"
    # What comes first is the same; where LPIPS joins, the loss is larger by it.
    for stage, first in (("face", 20), ("mouth", 40)):
        pairs = [
            (plain["loss"], full["loss"], full["step"])
            for plain, full in zip(rows[False], rows[True], strict=True)
            if full["stage"] == stage
        ]
        assert pairs[-1][2] >= first
        assert [a == b for a, b, step in pairs if step < first] == [True] * (first - 1)
        assert all(b > a for a, b, step in pairs if step >= first)
    fuse = [row["loss"] for row in rows[True] if row["stage"] == "fuse"]
    assert len(fuse) == 4
    assert min(fuse[2:]) > max(fuse[:2])
