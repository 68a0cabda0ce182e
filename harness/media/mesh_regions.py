"""Lists of mesh vertices by region: which vertices are lips, upper face and eyes.

No list is part of this package: those of the field have other licences. A result names the
sha256 of its list, because every list gives another value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.contracts import BadInput, MeshRegions, UnknownName
from harness.files.reading import checked_file

#: Region -> its name in the field.
REGIONS: Mapping[str, str] = {
    "lip": "the mouth's vertices, `lve.txt` of CodeTalker and FaceDiffuser",
    "upper": "the upper face's vertices, `fdd.txt` of CodeTalker and FaceDiffuser",
    "eye": "the vertices of eyes and forehead; no list was published",
}


def read_region(path: Path, vertices: int) -> tuple[np.ndarray, str]:
    """A list of vertex indices, separated by commas, blanks or line breaks, and the file's sha256.

    Args:
        path: text; BIWI's lists are separated by ", " and VOCASET's by ",".
        vertices: V of the mesh, for indices 0 .. V-1.

    Returns:
        (int64 [n] in the order of the file, hex sha256 of its bytes).

    Raises:
        BadInput: empty, not whole numbers, out of range, or an index that occurs twice.

    """
    data = checked_file(path, "text").read_bytes()
    try:
        words = re.split(r"\s*,\s*|\s+", data.decode("ascii").strip())
    except UnicodeDecodeError as error:
        fact = f"byte {error.start} is not ASCII text"
        raise BadInput(path, fact, "Give a text file of vertex indices.") from error
    if words == [""]:
        raise BadInput(path, "it is empty", "List the indices of the region's vertices.")
    for place, word in enumerate(words):
        if not re.fullmatch(r"-?\d{1,18}", word):
            raise BadInput(
                path,
                f"entry {place} is {word!r}, not a vertex index",
                "List whole numbers; a weighted mask must be thresholded first.",
            )
    indices = np.array(words, np.int64)
    outside = np.flatnonzero((indices < 0) | (indices >= vertices))
    if len(outside):
        raise BadInput(
            path,
            f"{len(outside)} of {len(indices)} indices lie outside 0..{vertices - 1}, "
            f"the first is {indices[outside[0]]}",
            "Give the list of this mesh topology, counted from 0.",
        )
    found, counts = np.unique(indices, return_counts=True)
    if len(found) != len(indices):
        raise BadInput(
            path,
            f"{len(indices) - len(found)} indices occur more than once, "
            f"the first is {found[counts > 1][0]}",
            "List every vertex once: a mean would count it twice.",
        )
    return indices, hashlib.sha256(data).hexdigest()


def read_regions(files: Mapping[str, Path], vertices: int) -> MeshRegions:
    """Vertex lists by name (`REGIONS`).

    Raises:
        UnknownName: no such region.
        BadInput: a list that cannot be used; see `read_region`.

    """
    for name in files:
        if name not in REGIONS:
            raise UnknownName("region", name, REGIONS)
    read = {name: read_region(path, vertices) for name, path in files.items()}
    return MeshRegions(
        {name: indices for name, (indices, _) in read.items()},
        {name: sha256 for name, (_, sha256) in read.items()},
    )
