import collections
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.contracts import BadInput, Priors
from methods.ua3dtalk.priors.official import check_priors, read_official

NAMES = ("{}_auds_exp.pth", "{}_audiostyle.pth", "mser_emotion_{}.pth")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = torch.Generator().manual_seed(0)
    for part, count in (("train", 10), ("val", 3)):
        shapes = ((count, 64), (count, 1, 64), (count, 1, 128))
        for name, shape in zip(NAMES, shapes, strict=True):
            torch.save(torch.randn(shape, generator=rng), tmp_path / name.format(part))
    return tmp_path


def test_both_parts_are_read(folder):
    for part, count in (("train", 10), ("val", 3)):
        priors = read_official(folder, part, count)
        assert priors.content.shape == (count, 64)
        assert priors.style.shape == (count, 64)
        assert priors.emotion.shape == (count, 128)
        stored = torch.load(folder / f"mser_emotion_{part}.pth", weights_only=True)
        np.testing.assert_array_equal(priors.emotion, stored[:, 0].numpy())


def test_a_list_of_one_tensor_per_frame_is_read(folder):
    rows = [torch.full((1, 64), float(t)) for t in range(3)]
    torch.save(rows, folder / "val_auds_exp.pth")
    np.testing.assert_array_equal(read_official(folder, "val", 3).content[:, 0], [0, 1, 2])


@pytest.mark.parametrize(
    ("stored", "fact"),
    [
        (torch.zeros(10, 32), r"\[10, 32\]"),
        (torch.zeros(9, 64), "9 frames, but the sequence has 10"),
        (torch.full((10, 64), float("nan")), "not finite"),
        ({"a": torch.zeros(10, 64)}, "dict"),
        ([torch.zeros(64), torch.zeros(32)], "different shapes"),
        (collections.Counter("abc"), "not a readable file of plain tensors|Counter"),
        (Path("x"), "not a readable file of plain tensors"),
    ],
)
def test_other_content_is_refused(folder, stored, fact):
    torch.save(stored, folder / "train_auds_exp.pth")
    with pytest.raises(BadInput, match=fact) as caught:
        read_official(folder, "train", 10)
    assert "train_auds_exp.pth" in str(caught.value)


def test_a_pickle_with_code_is_refused_unexecuted(folder, tmp_path):
    proof = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return Path.touch, (proof,)

    torch.save(Evil(), folder / "train_audiostyle.pth")
    with pytest.raises(BadInput, match="not a readable file of plain tensors"):
        read_official(folder, "train", 10)
    assert not proof.exists()


def test_absent_and_damaged_files_are_refused(folder):
    (folder / "train_auds_exp.pth").write_bytes(b"no tensors here")
    with pytest.raises(BadInput, match="not a readable file of plain tensors"):
        read_official(folder, "train", 10)
    (folder / "train_auds_exp.pth").unlink()
    with pytest.raises(BadInput, match="absent"):
        read_official(folder, "train", 10)


def test_priors_of_a_sequence_are_checked():
    good = Priors(np.zeros((5, 64)), np.zeros((5, 64)), np.zeros((5, 1, 128)))
    assert check_priors(good, 5, "clip").emotion.shape == (5, 128)
    with pytest.raises(BadInput, match="clip: content"):
        check_priors(good, 6, "clip")
