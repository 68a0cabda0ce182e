"""A split made from a folder: of one prepared sequence, or of several of one subject."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness.contracts import BadInput, SequenceEntry, SplitManifest, UnknownName
from harness.files.documents import read_object
from harness.files.pictures import read_picture
from splits.er_nerf import files
from splits.er_nerf.contents import frame_path
from splits.er_nerf.subject import SUBJECT_FILE, read_subject
from splits.roles import check_entries

#: The layout states no frame rate; its own tools know only this one.
LAYOUT_FPS = 25.0

_COMPOSITED = "head over the test frame's own torso and background"
_CURE = "Make one with `python -m harness prepare VIDEO --out DIR`."


def is_er_nerf(folder: Path) -> bool:
    """Whether a folder looks like this layout (nothing in it is checked yet)."""
    folder = Path(folder)
    return (folder / "transforms_train.json").is_file() and (folder / "gt_imgs").is_dir()


def fps_of(folder: Path) -> float:
    """The frame rate that `prepare.json` states, else that of the layout's own tools."""
    record = folder / "prepare.json"
    if not record.is_file():
        return LAYOUT_FPS
    content = read_object(record, "Prepare again.")
    try:
        fps = float(content["fps"])
        if not 0 < fps < math.inf:
            raise ValueError(f"fps is {fps}")
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise BadInput(record, f"no frame rate in it ({error!r})", "Prepare again.") from error
    return fps


def manifest_of(folder: Path, test: Iterable[str] = ()) -> SplitManifest:
    """A split made from a folder on this machine.

    The folder is one prepared sequence, or its sub-folders are. With `subject.json`, which
    `prepare` writes there, they are sequences of one subject, named after the folder, in the
    order and with the roles that the file states. Without it each sub-folder is a subject of its
    own, cut in time, in the order of their names: preparations that were not made together have
    different head frames and cameras, so one fit must not learn from several of them.

    Args:
        folder: the folder; its name becomes the split's id.
        test: sequences that are the test as a whole, in place of the stored roles; all others
            then train.

    Raises:
        BadInput: not such a folder, or its sequences do not fit together.
        UnknownName: `test` names no sequence of the folder.

    """
    folder, test = Path(folder).resolve(), tuple(dict.fromkeys(test))
    single = is_er_nerf(folder)
    entries = [_entry(folder, folder.name)] if single else _sequences(folder)
    if test:
        entries = _with_test(folder, entries, test)
    first = _facts(entries[0])
    for entry in entries[1:]:
        if _facts(entry)[:2] != first[:2]:
            ours, theirs = (
                f"{height}x{width} at {fps:g} fps"
                for fps, (height, width), _ in (first, _facts(entry))
            )
            raise BadInput(
                folder / entry.id,
                f"its frames are {theirs}, those of {entries[0].id} are {ours}",
                "Prepare all videos with one --size.",
            )
    fps, resolution, fraction = first
    tested = [entry.id for entry in entries if entry.role == "test"]
    cut = f"test: the whole of {', '.join(tested)}" if tested else "contiguous 10/11 train and 1/11"
    return SplitManifest(
        id=folder.name,
        version=1,
        loader="er_nerf",
        domain="photo",
        fps=fps,
        resolution=resolution,
        sequences=tuple(entries),
        licence="that of the source video",
        source="a folder on this machine",
        protocol=f"ER-NeRF: {cut}{'' if tested else ' test'}, {_COMPOSITED}",
        train_fraction=fraction,
        key=hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:8],
    )


def _entry(folder: Path, subject: str, role: str | None = None) -> SequenceEntry:
    return SequenceEntry(folder.name, subject, options={"folder": str(folder)}, role=role)


def _facts(entry: SequenceEntry) -> tuple[float, tuple[int, int], float]:
    """Frame rate, frame size and training share of a prepared sequence."""
    folder = Path(entry.options["folder"])
    transforms = files.read_transforms(folder)
    height, width = read_picture(frame_path(folder, 0), cure=files.AGAIN).shape[:2]
    return fps_of(folder), (height, width), len(transforms.train) / transforms.count


def _sequences(folder: Path) -> list[SequenceEntry]:
    """The sequences of a folder, as `subject.json` lists them, else by name."""
    children = folder.iterdir() if folder.is_dir() else ()
    found = {c.name: c for c in children if not c.name.startswith(".") and is_er_nerf(c)}
    if not (folder / SUBJECT_FILE).is_file():
        if not found:
            fact = "not a prepared folder (no transforms_train.json and gt_imgs)"
            raise BadInput(folder, fact, _CURE)
        return [_entry(found[name], name) for name in sorted(found, key=_natural)]
    listed = read_subject(folder)
    for name in listed:
        if name not in found:
            fact = f"it lists {name}, and no prepared folder of that name is beside it"
            raise BadInput(folder / SUBJECT_FILE, fact, "Copy the whole folder again.")
    if spare := sorted(found.keys() - listed.keys()):
        raise BadInput(
            folder / spare[0],
            f"it lies among the sequences of a subject, and {SUBJECT_FILE} does not list it",
            "Move it elsewhere, or prepare all videos of the subject in one command.",
        )
    entries = [_entry(found[name], folder.name, role) for name, role in listed.items()]
    return _checked(folder / SUBJECT_FILE, entries)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts take2 before take10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]


def _with_test(
    folder: Path, entries: list[SequenceEntry], test: tuple[str, ...]
) -> list[SequenceEntry]:
    for name in test:
        if name not in [entry.id for entry in entries]:
            raise UnknownName("sequence", name, [entry.id for entry in entries])
    roles = ["test" if entry.id in test else "train" for entry in entries]
    entries = [replace(e, role=role) for e, role in zip(entries, roles, strict=True)]
    return _checked(folder, entries)


def _checked(subject: Path, entries: list[SequenceEntry]) -> list[SequenceEntry]:
    try:
        check_entries(entries)
    except ValueError as error:
        cure = f"Name a test sequence of a subject that has others ({SUBJECT_FILE} lists them)."
        raise BadInput(subject, str(error).partition(";")[0], cure) from error
    return entries
