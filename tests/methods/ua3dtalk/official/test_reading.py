"""Opening of the authors' checkpoint: whole, of numpy 1 and 2, and never running code."""

import zipfile

import pytest
import torch

from harness.contracts import BadInput
from methods.ua3dtalk.official.reading import read_checkpoint
from tests.methods.ua3dtalk.official import checkpoint

ORDER = {"means": 1, "sh0": 2, "shN": 3, "scales": 5, "quats": 6, "opacities": 7}


@pytest.fixture
def contents(small):
    return checkpoint.contents(small)


@pytest.mark.parametrize("numpy_1", [True, False])
def test_both_branches_come_back(contents, tmp_path, numpy_1):
    path = tmp_path / "chkpnt_fuse_latest.pth"
    checkpoint.write(path, contents, numpy_1)
    pickled = zipfile.ZipFile(path).read("archive/data.pkl")
    assert (b"numpy.core.multiarray" in pickled) == numpy_1
    for branch, k in zip(read_checkpoint(path), (0, 2), strict=True):
        stored, field = contents[k], contents[k + 1]
        assert branch.gaussians.degree == 2
        for name, place in ORDER.items():
            value = getattr(branch.gaussians, name)
            assert torch.equal(value, stored[place])
            assert not value.requires_grad
        assert branch.field.keys() == field.keys()
        assert all(torch.equal(branch.field[name], value) for name, value in field.items())


def test_numbers_of_numpy_are_allowed_for_this_file_alone(contents, tmp_path):
    path = tmp_path / "chkpnt_fuse_latest.pth"
    checkpoint.write(path, contents)
    before = set(torch.serialization.get_safe_globals())
    read_checkpoint(path)
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(Exception, match=r"numpy.*scalar"):
        torch.load(path, weights_only=True)


class Evil:
    def __reduce__(self):
        return print, ("this must never run",)


def with_entry(contents, branch, place, value):
    """A checkpoint with one entry of a branch's Gaussians replaced."""
    captured = list(contents[branch])
    captured[place] = value
    return (*contents[:branch], tuple(captured), *contents[branch + 1 :])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda c: c[:3], "it holds a tuple of 3, not the tuple of 4"),
        (lambda c: list(c), "it holds a list"),
        (lambda c: (c[0], c[1], {"state": {}}, 50_000), "checkpoint of one branch"),
        (lambda c: (c[0][:12], *c[1:]), "the face's Gaussians are a tuple of 12, not of 13"),
        (lambda c: (c[0], c[1], torch.ones(3), c[3]), "the mouth's Gaussians are a tuple of Tens"),
        (lambda c: (c[0], [1.0], *c[2:]), "the face's field is not a state dict"),
        (lambda c: (*c[:3], {"a": 1}), "the mouth's field is not a state dict"),
        (lambda c: with_entry(c, 0, 1, torch.ones(0, 3)), "the face has no Gaussians"),
        (
            lambda c: with_entry(c, 2, 6, torch.ones(20, 3)),
            r"the mouth's _rotation is \(20, 3\), not \(20, 4\)",
        ),
        (lambda c: with_entry(c, 0, 7, None), r"the face's _opacity is NoneType"),
        (lambda c: with_entry(c, 0, 5, torch.full((60, 3), torch.inf)), "_scaling has values that"),
        (lambda c: with_entry(c, 0, 0, 7), "active degree is 7, not 0 to 3"),
        (lambda c: with_entry(c, 0, 11, Evil()), "not a readable"),
        (lambda c: (*c[:3], Evil()), "not a readable"),
    ],
)
def test_anything_else_is_refused_by_name(contents, tmp_path, capsys, change, match):
    path = tmp_path / "other.pth"
    checkpoint.write(path, change(contents))
    with pytest.raises(BadInput, match=f"other.pth: .*{match}") as refused:
        read_checkpoint(path)
    assert "chkpnt_fuse_latest.pth" in str(refused.value)
    assert capsys.readouterr().out == ""


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"x\.pth: no such file.*train_fuse\.py"):
        read_checkpoint(tmp_path / "x.pth")
