"""Mesh files of the field, and what is refused of them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from harness.contracts import BadInput
from harness.media.mesh import check_pair, read_template, read_vertices


@pytest.fixture
def moving():
    return np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)


def saved(folder, array, name="a.npy"):
    np.save(folder / name, array)
    return folder / name


def test_the_layouts_of_the_field_are_one(tmp_path, moving):
    whole = read_vertices(saved(tmp_path, moving))
    flat = read_vertices(saved(tmp_path, moving.reshape(4, 15), "flat.npy"), 5)
    double = read_vertices(saved(tmp_path, moving.astype(np.float64), "double.npy"), 5)
    for found in (whole, flat, double):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, moving)


def test_several_samples(tmp_path, moving):
    both = np.stack([moving, moving + 1])
    np.testing.assert_array_equal(read_vertices(saved(tmp_path, both), 5), both)


def test_npz_by_name_or_alone(tmp_path, moving):
    np.savez(tmp_path / "alone.npz", x=moving)
    np.savez(tmp_path / "named.npz", vertices=moving, faces=np.zeros((2, 3)))
    np.savez(tmp_path / "which.npz", a=moving, b=moving)
    for name in ("alone", "named"):
        np.testing.assert_array_equal(read_vertices(tmp_path / f"{name}.npz"), moving)
    with pytest.raises(BadInput, match=r"2 arrays \(a, b\), none called 'vertices'"):
        read_vertices(tmp_path / "which.npz")


@pytest.mark.parametrize(
    ("array", "vertices", "fact"),
    [
        (np.zeros((4, 15)), None, "the number of vertices is not known"),
        (np.zeros((4, 15)), 6, "15 numbers, and 3 × 6 vertices"),
        (np.zeros((4, 5, 3)), 6, "5 vertices, and 6 are expected"),
        (np.zeros((2, 4, 5, 3)), 6, "5 vertices, and 6 are expected"),
        (np.zeros((4, 5, 2)), None, r"its shape is \[4, 5, 2\]"),
        (np.zeros(15), None, r"its shape is \[15\]"),
        (np.zeros((0, 5, 3)), None, "it is empty"),
        (np.zeros((0, 15)), 5, "it is empty"),
        (np.zeros((4, 5, 3), int), None, "its numbers are int64"),
        (np.zeros((4, 5, 3), complex), None, "holds complex128, not numbers"),
        (np.array([{"a": 1}], object), None, "it holds pickled objects"),
        (np.full((4, 5, 3), 1e300), None, "60 of 60 coordinates are NaN or infinite"),
    ],
)
def test_bad_sequences(tmp_path, array, vertices, fact):
    path = saved(tmp_path, array)
    with pytest.raises(BadInput, match=fact) as raised:
        read_vertices(path, vertices)
    assert str(path) in str(raised.value)


def test_nan_is_counted_and_placed(tmp_path, moving):
    moving[2, 3, 1] = np.nan
    moving[3, 0, 0] = np.inf
    with pytest.raises(BadInput, match=r"2 of 60 .* the first at \[2, 3, 1\]"):
        read_vertices(saved(tmp_path, moving))


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array at all", b"PK\x03\x04broken"])
def test_damaged_files(tmp_path, content):
    for name in ("a.npy", "a.npz"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match=r"not a readable|file is empty|holds pickled"):
            read_vertices(tmp_path / name)


def test_a_truncated_file(tmp_path, moving):
    path = saved(tmp_path, moving)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(BadInput, match="not a readable"):
        read_vertices(path)


def test_other_names(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_vertices(tmp_path / "absent.npy")
    (tmp_path / "a.txt").write_text("1 2 3")
    with pytest.raises(BadInput, match=r"\.txt is not a supported type of mesh file"):
        read_vertices(tmp_path / "a.txt")


class Trap:
    """Raises if anybody unpickles it."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def test_a_pickled_template_is_refused_unread(tmp_path):
    (tmp_path / "templates.pkl").write_bytes(pickle.dumps({"F2": Trap()}))
    with pytest.raises(BadInput, match=r"it is a pickle\. .*np\.save"):
        read_template(tmp_path / "templates.pkl")
    (tmp_path / "a.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BadInput, match="pickled"):
        read_template(tmp_path / "a.npy")


def test_templates(tmp_path, moving):
    neutral = moving[0]
    np.testing.assert_array_equal(read_template(saved(tmp_path, neutral), 5), neutral)
    flat = saved(tmp_path, neutral.ravel(), "flat.npy")
    np.testing.assert_array_equal(read_template(flat), neutral)
    lines = [f"v {float(x)!r} {float(y)!r} {float(z)!r} 0.5 0.5 0.5" for x, y, z in neutral]
    text = ["# a comment", "mtllib x.mtl", *lines, "vn 0 0 1", "vt 0 0", "f 1/1 2/2 3/3", ""]
    (tmp_path / "a.OBJ").write_text("\r\n".join(text))
    np.testing.assert_array_equal(read_template(tmp_path / "a.OBJ", 5), neutral)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "file is empty"),
        ("vn 0 0 1\n", "no `v` line"),
        ("v 1 2 3\nv 1 x 3\n", "line 2 is not a vertex"),
        ("v 1 2\n", "line 1 is not a vertex"),
        ("v 1 2 nan\n" * 5, "5 of 15 coordinates are NaN"),
        ("v 1 2 3\n", "1 vertices, and 5 are expected"),
    ],
)
def test_bad_obj(tmp_path, text, fact):
    (tmp_path / "a.obj").write_text(text)
    with pytest.raises(BadInput, match=fact):
        read_template(tmp_path / "a.obj", 5)


def test_bad_templates(tmp_path, moving):
    with pytest.raises(BadInput, match="no such file"):
        read_template(tmp_path / "absent.obj")
    with pytest.raises(BadInput, match=r"its shape is \[4, 5, 3\]"):
        read_template(saved(tmp_path, moving))
    with pytest.raises(BadInput, match=r"its shape is \[0, 3\]"):
        read_template(saved(tmp_path, np.zeros((0, 3))))


def test_a_prediction_of_another_length(moving):
    check_pair("clip", moving, moving)
    check_pair("clip", moving[None], moving)
    with pytest.raises(BadInput, match="clip: the prediction has 3 frames, the ground truth 4"):
        check_pair("clip", moving[:3], moving)
    with pytest.raises(BadInput, match="clip: the prediction has 4 vertices, the ground truth 5"):
        check_pair("clip", moving[:, :4], moving)
