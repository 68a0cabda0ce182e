"""Mesh sequences and neutral meshes from files; nothing is unpickled.

Layouts of the field: VOCASET and BIWI keep a sequence as `.npy` [T,3V], most methods write
[T,V,3], and a stochastic method writes several samples [S,T,V,3].
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from harness.files.arrays import UNPICKLED, array_names, read_array, read_arrays
from harness.files.reading import read_text


def read_vertices(path: Path, vertices: int | None = None) -> np.ndarray:
    """A mesh sequence, or several samples of one.

    Args:
        path: `.npy`, or `.npz` with one array or one that is called `vertices`.
        vertices: V, known from the template; a flattened file ([T,3V]) needs it.

    Returns:
        float32 [T,V,3], or [S,T,V,3] where the file holds several samples; in the file's unit.

    Raises:
        BadInput: unreadable, pickled, of another shape or type, empty, or not finite.

    """
    array = _floats(path)
    if array.ndim == 2:
        array = _unflattened(path, array, vertices)
    if array.ndim not in (3, 4) or array.shape[-1] != 3:
        raise BadInput(
            path,
            f"its shape is {list(array.shape)}, and [T,V,3], [T,3V] or [S,T,V,3] is expected",
            "Save one row of x, y, z for each vertex of each frame.",
        )
    if 0 in array.shape:
        raise BadInput(path, f"it is empty: {list(array.shape)}", "Give at least one frame.")
    if vertices is not None and array.shape[-2] != vertices:
        raise BadInput(
            path,
            f"it has {array.shape[-2]} vertices, and {vertices} are expected",
            "Prediction, ground truth, template and vertex lists must have one mesh topology.",
        )
    return _finite(path, array)


def read_template(path: Path, vertices: int | None = None) -> np.ndarray:
    """A neutral mesh from `.npy` ([V,3] or [3V]) or the `v` lines of an `.obj`.

    Args:
        path: the file. `templates.pkl` of VOCASET and BIWI is a pickle and is refused.
        vertices: V, where it is known.

    Returns:
        float32 [V,3], in the file's unit.

    Raises:
        BadInput: another type of file, no vertices, another number of them, or not finite.

    """
    array = _obj(path) if path.suffix.lower() == ".obj" else _floats(path)
    if array.ndim == 1 and array.size % 3 == 0:
        array = array.reshape(-1, 3)
    if array.ndim != 2 or array.shape[1] != 3 or not len(array):
        fact = f"its shape is {list(array.shape)}, and [V,3] is expected"
        raise BadInput(path, fact, "Give the neutral mesh of one subject: x, y, z of each vertex.")
    if vertices is not None and len(array) != vertices:
        raise BadInput(
            path,
            f"it has {len(array)} vertices, and {vertices} are expected",
            "Give the template of the same mesh topology as the sequences.",
        )
    return _finite(path, array)


def check_pair(subject: object, prediction: np.ndarray, truth: np.ndarray) -> None:
    """Refuse a prediction whose length or topology differs from the ground truth.

    Args:
        subject: named in the error: a file or a sequence.
        prediction: float [T,V,3] or [S,T,V,3].
        truth: float [T,V,3].

    Raises:
        BadInput: with both numbers.

    """
    (frames, vertices), (true_frames, true_vertices) = prediction.shape[-3:-1], truth.shape[:2]
    if vertices != true_vertices:
        raise BadInput(
            subject,
            f"the prediction has {vertices} vertices, the ground truth {true_vertices}",
            "Both must have one mesh topology.",
        )
    if frames != true_frames:
        raise BadInput(
            subject,
            f"the prediction has {frames} frames, the ground truth {true_frames}",
            "Give as many frames as the ground truth has; nothing is trimmed or resampled.",
        )


def _floats(path: Path) -> np.ndarray:
    """The floating point array of a .npy or .npz file."""
    if path.suffix.lower() in (".pkl", ".pickle"):
        raise BadInput(path, "it is a pickle", UNPICKLED)
    if path.suffix.lower() not in (".npy", ".npz"):
        fact = f"{path.suffix or 'a file without suffix'} is not a supported type of mesh file"
        raise BadInput(path, fact, "Give .npy or .npz; a template may also be .obj.")
    again = "Save it again with np.save."
    if path.suffix.lower() == ".npy":
        loaded = read_array(path, again, finite=False)
    else:
        names = array_names(path, again)
        if "vertices" not in names and len(names) != 1:
            fact = f"it holds {len(names)} arrays ({', '.join(names) or 'none'}), none called "
            raise BadInput(path, f"{fact}'vertices'", "Name the array 'vertices'.")
        name = "vertices" if "vertices" in names else names[0]
        loaded = read_arrays(path, [name], again, finite=False)[name]
    if loaded.dtype.kind != "f":
        fact = f"its numbers are {loaded.dtype}, and floating point is expected"
        raise BadInput(path, fact, "Save it with .astype('float32').")
    return loaded


def _unflattened(path: Path, array: np.ndarray, vertices: int | None) -> np.ndarray:
    """[T,V,3] of [T,3V]."""
    width = array.shape[1]
    if vertices is None:
        fact = f"it is flattened ({list(array.shape)}), and the number of vertices is not known"
        raise BadInput(path, fact, "Name the template with --template, or save it as [T,V,3].")
    if width != 3 * vertices:
        raise BadInput(
            path,
            f"its rows have {width} numbers, and 3 × {vertices} vertices are expected",
            "Give the template of the same mesh topology as the sequences.",
        )
    return array.reshape(len(array), vertices, 3)


def _finite(path: Path, array: np.ndarray) -> np.ndarray:
    """The array as float32; refuses NaN and infinity, also of numbers too large for float32."""
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, np.float32)
    bad = ~np.isfinite(array)
    if bad.any():
        first = [int(i) for i in np.argwhere(bad)[0]]
        raise BadInput(
            path,
            f"{int(bad.sum())} of {bad.size} coordinates are NaN or infinite, the first at {first}",
            "Fix the method that wrote it: no metric has a value for such a frame.",
        )
    return array


def _obj(path: Path) -> np.ndarray:
    """The `v` lines of a Wavefront file, float64 [V,3]."""
    rows = []
    for number, line in enumerate(read_text(path, "Wavefront file").splitlines(), 1):
        words = line.split()
        if not words or words[0] != "v":
            continue
        try:
            rows.append([float(word) for word in words[1:4]])
            if len(words) < 4:
                raise ValueError("a vertex has x, y and z")
        except ValueError as error:
            raise BadInput(
                path, f"line {number} is not a vertex ({error})", "Export it again."
            ) from error
    if not rows:
        raise BadInput(path, "it has no `v` line", "Give an .obj with the mesh's vertices.")
    return np.array(rows, np.float64)
