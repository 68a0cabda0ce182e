"""Pairs predictions with ground truth: by name, completely, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.contracts import BadInput
from harness.engine.alignment.opened import MESHES, VIDEOS, kind_of

#: Files with these suffixes are signals of the video beside them, not sequences.
SIDECARS = (".openface.csv", ".bfm79.npy", ".masks.npz")


@dataclass(frozen=True)
class Pair:
    """One prediction and its ground truth."""

    name: str
    prediction: Path
    truth: Path


def sequences_in(folder: Path) -> dict[str, Path]:
    """The sequences of a folder by name: that of the file or folder without suffix.

    Raises:
        BadInput: two sequences have one name, or there is none.

    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith(SIDECARS):
            continue
        if kind_of(path) not in ("video", "mesh", "pictures", "archive"):
            continue
        name = path.stem if path.is_file() else path.name
        if name in found:
            fact = f"{found[name].name} and {path.name} have the same name"
            raise BadInput(folder, fact, "Keep one sequence per name in the folder.")
        found[name] = path
    if not found:
        known = ", ".join(sorted(VIDEOS | MESHES))
        raise BadInput(
            folder,
            "it contains no sequence",
            f"Put videos ({known}), folders of images or prediction archives there.",
        )
    return found


def pairs(prediction: Path, truth: Path) -> list[Pair]:
    """Pair one sequence with one, or a folder of them with a folder, by name.

    Raises:
        BadInput: a path is missing, one side is a folder and the other is not, or names have
            no counterpart; all are counted and the first are named.

    """
    for path in (prediction, truth):
        if not path.exists():
            raise BadInput(path, "no such file or folder", "Check the path.")
    several = [kind_of(path) == "set" for path in (prediction, truth)]
    if several == [False, False]:
        # In the order of the ground truth, which all rows share.
        name = truth.stem if truth.is_file() else truth.name
        return [Pair(name, prediction, truth)]
    if several != [True, True]:
        folder, other = (prediction, truth) if several[0] else (truth, prediction)
        sequences_in(folder)  # a folder without any is refused as such
        raise BadInput(
            folder,
            f"it is a folder of sequences, but {other} is a single one",
            "Give two folders whose sequences have the same names, or two sequences.",
        )
    predicted, true = sequences_in(prediction), sequences_in(truth)
    for ours, theirs, where in ((true, predicted, prediction), (predicted, true, truth)):
        alone = sorted(set(ours) - set(theirs))
        if alone:
            shown = ", ".join(alone[:5]) + (", ..." if len(alone) > 5 else "")
            raise BadInput(
                where,
                f"{len(alone)} of {len(ours)} names have no counterpart in it: {shown}",
                "Both folders must hold the same names; a method that failed on a sequence "
                "cannot leave it out.",
            )
    return [Pair(name, path, true[name]) for name, path in predicted.items()]
