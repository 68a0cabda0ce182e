"""FACS intensities from MediaPipe's 52 blendshapes: an approximation, not OpenFace.

The landmarker's blendshapes follow ARKit's names, whose shapes were modelled on FACS units.
Each unit below is the mean of the shapes that depict it, times 5. `cheekSquint` and
`noseSneer` stay near 0 in the published model, so AU06 and AU09 are weak. OpenFace's
intensities are calibrated differently: never mix the two in one column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from harness.contracts import ActionUnits

#: MediaPipe's blendshapes in the order of its output (the expression basis `mp52`).
MP52_NAMES: tuple[str, ...] = (
    "_neutral",
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight"),
    *("eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight"),
    *("eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight"),
    *("jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose"),
    *("mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft"),
    *("mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper"),
    *("mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight"),
    *("mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight"),
)

#: Unit -> blendshapes that are averaged.
_SHAPES: dict[str, tuple[str, ...]] = {
    "AU01": ("browInnerUp",),
    "AU02": ("browOuterUpLeft", "browOuterUpRight"),
    "AU04": ("browDownLeft", "browDownRight"),
    "AU05": ("eyeWideLeft", "eyeWideRight"),
    "AU06": ("cheekSquintLeft", "cheekSquintRight"),
    "AU07": ("eyeSquintLeft", "eyeSquintRight"),
    "AU09": ("noseSneerLeft", "noseSneerRight"),
    "AU10": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12": ("mouthSmileLeft", "mouthSmileRight"),
    "AU14": ("mouthDimpleLeft", "mouthDimpleRight"),
    "AU15": ("mouthFrownLeft", "mouthFrownRight"),
    "AU17": ("mouthShrugLower",),
    "AU20": ("mouthStretchLeft", "mouthStretchRight"),
    "AU23": ("mouthPressLeft", "mouthPressRight"),
    "AU25": ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU26": ("jawOpen",),
    "AU45": ("eyeBlinkLeft", "eyeBlinkRight"),
}

#: Units in OpenFace 2.2's column order.
UNITS = tuple(_SHAPES)


def from_blendshapes(blendshapes: np.ndarray, names: Sequence[str]) -> ActionUnits:
    """Intensities float32 [T,17] in 0..5 from blendshapes float [T,52] in [0,1].

    AU25 (lips part) also counts an open jaw whose lips are not pressed together. A NaN row,
    a frame without a face, stays NaN.

    Args:
        blendshapes: one row a frame.
        names: of its columns, `MP52_NAMES` or those that a detection gives.

    """
    column: Callable[[str], np.ndarray] = lambda name: blendshapes[:, names.index(name)]  # noqa: E731
    values = {unit: np.mean([column(n) for n in shapes], 0) for unit, shapes in _SHAPES.items()}
    values["AU25"] = np.maximum(values["AU25"], column("jawOpen") - column("mouthClose"))
    stacked = np.stack([values[unit] for unit in UNITS], axis=1)
    return ActionUnits(np.clip(5 * stacked, 0, 5).astype(np.float32), UNITS)


__all__ = ["MP52_NAMES", "UNITS", "from_blendshapes"]
