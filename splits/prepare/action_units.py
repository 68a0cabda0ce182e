"""FACS intensities of a prepared video, written as OpenFace would."""

from __future__ import annotations

from pathlib import Path

from harness.contracts import ActionUnits
from harness.media.blendshape_units import UNITS, from_blendshapes


def write_openface_csv(path: Path, units: ActionUnits, fps: float) -> None:
    """Write intensities under OpenFace 2.2's column names, with its leading spaces.

    The spaces are part of the names that TalkingGaussian and UA-3DTalk look up. OpenFace's
    presence columns (`AUxx_c`) are left out: blendshapes give no such decision.
    """
    head = ["frame", "face_id", "timestamp", "confidence", "success"]
    head += [f"{name}_r" for name in units.names]
    lines = [", ".join(head)]
    for t, row in enumerate(units.values):
        cells = [str(t + 1), "0", f"{t / fps:.3f}", "1.00", "1", *(f"{v:.4f}" for v in row)]
        lines.append(", ".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


__all__ = ["UNITS", "from_blendshapes", "write_openface_csv"]
