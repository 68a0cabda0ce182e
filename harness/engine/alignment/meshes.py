"""Mesh sequences, and what they share: a template and vertex lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.contracts import BadInput
from harness.engine.alignment.opened import SILENCE, OpenedSequence
from harness.media.mesh import read_template, read_vertices
from harness.media.mesh_regions import read_regions
from harness.media.video import exact_rate
from harness.weights import sha256_of

#: Regions that metrics read.
REGIONS = ("lip", "upper", "eye")


class Stored(Mapping[str, Any]):
    """Signals that are read from their files on every access, and never kept.

    A set of mesh sequences may be larger than memory.
    """

    def __init__(self, readers: Mapping[str, Callable[[], Any]]) -> None:
        self._readers = dict(readers)

    def __getitem__(self, name: str) -> Any:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def open_mesh(name: str, path: Path, fps: float | None, vertices: int | None) -> OpenedSequence:
    """A mesh sequence from `.npy` or `.npz`: [T,V,3], [T,3V], or samples [S,T,V,3].

    Args:
        name: what it is paired by.
        path: the file.
        fps: frames per second; 25 if not given; no mesh metric depends on it.
        vertices: V, if a template states it.

    Raises:
        BadInput: the file cannot be used as it is.

    """
    count = read_vertices(path, vertices).shape[-3]
    return OpenedSequence(
        name,
        path,
        "mesh",
        exact_rate(fps or 25),
        count,
        0,
        0,
        lambda: iter(()),
        SILENCE,
        "vertices as stored, float32",
        sha256_of(path),
        signals=Stored({"vertices": lambda: read_vertices(path, vertices)}),
    )


def first_meshes(signals: Mapping[str, Any], count: int) -> Stored:
    """Signals of a mesh sequence restricted to its first meshes, read as they are.

    Args:
        signals: vertices [T,V,3], or samples of them [S,T,V,3].
        count: meshes to keep.

    """
    return Stored({"vertices": lambda: signals["vertices"][..., :count, :, :]})


def read_common(template: Path | None, regions: Mapping[str, Path]) -> dict[str, Any]:
    """Template and vertex lists, checked, with a `digest` of their files.

    Raises:
        BadInput: a file cannot be used; vertex lists without a template, which states the
            number of vertices; an unknown region.

    """
    if template is None:
        if regions:
            cure = "Name the neutral mesh with --template."
            raise BadInput("--region", "vertex lists need a template", cure)
        return {}
    for name in regions:
        if name not in REGIONS:
            cure = f"Use one of {', '.join(REGIONS)}: --region lip=FILE."
            raise BadInput("--region", f"no metric reads a region {name!r}", cure)
    neutral = read_template(template)
    digest = hashlib.sha256(sha256_of(template).encode())
    common: dict[str, Any] = {"template": neutral}
    if regions:
        common["regions"] = read_regions(regions, len(neutral))
        for name in sorted(regions):
            digest.update(f"{name}:{common['regions'].sha256[name]}".encode())
    return common | {"digest": digest.hexdigest()}
