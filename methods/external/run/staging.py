"""A prepared folder as a checkout expects it: links to the user's files in folders of our own.

Every folder is created and every file is a link, so what a checkout writes beside the files ends
up in the working folder, never in the user's data.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from harness.contracts import BadInput, Sequence
from harness.files.documents import read_object
from harness.media.openface import Table, read_table


def stage(source: Path, target: Path, but: Iterable[str] = ()) -> None:
    """Link every file below `source` at the same place below `target`.

    Args:
        source: the user's folder; only read.
        target: created if absent; existing links are kept.
        but: names at the top that are left out.

    """
    left_out = {*but}
    # A folder of frames is often a link to another disk, which `Path.rglob` does not follow.
    for folder, below, names in os.walk(source, followlinks=True):
        here = Path(folder)
        top = here == source
        below[:] = sorted(name for name in below if not (top and name in left_out))
        place = target / here.relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            link = place / name
            if not (top and name in left_out) and not os.path.lexists(link):
                link.symlink_to((here / name).resolve())


def stage_sequence(sequence: Sequence, target: Path, but: Iterable[str] = ()) -> None:
    """Link a prepared folder, with a training frame in place of every test frame.

    Checkouts read the lists, audio, poses, action units and torsos of the test part, and load its
    frames only to log numbers or write them out again; rendering does not need them. So no method
    sees a test frame, whatever its code does. The substitute must show a face: ER-NeRF, SyncTalk
    and InsTaG detect landmarks in it and crash if there are none (SyncTalk issue 163). Videos at
    the top are left out for the same reason. A link to a test frame is replaced, never written
    through.

    Args:
        sequence: the training part of a sequence that has a folder.
        target: created if absent.
        but: further names at the top that are left out.

    Raises:
        BadInput: `transforms_val.json` cannot be read.

    """
    folder = sequence.folder
    assert folder is not None
    videos = [p.name for p in folder.iterdir() if p.suffix.lower() in (".mp4", ".avi", ".mov")]
    stage(folder, target, (*but, *videos))
    ids = listed(folder, ("val",))
    stand_in = Image.fromarray(sequence.frames[0])
    for suffix, kind in ((".jpg", "JPEG"), (".png", "PNG")):
        content = io.BytesIO()
        stand_in.save(content, kind, quality=95)
        for place in ("gt_imgs", "ori_imgs"):
            for index in ids:
                path = target / place / f"{index}{suffix}"
                if path.is_symlink():
                    write(path, content.getvalue())


def listed(folder: Path, parts: Iterable[str] = ("train", "val")) -> list[int]:
    """Numbers of the frames that the lists of a prepared folder name.

    Raises:
        BadInput: a list cannot be read.

    """
    found = []
    for part in parts:
        path = folder / f"transforms_{part}.json"
        try:
            frames = read_object(path, "Prepare the video again.")["frames"]
            found += [int(frame["img_id"]) for frame in frames]
        except (ValueError, KeyError, TypeError) as error:
            cure = "Prepare the video again."
            raise BadInput(path, f"not a list of frames ({error!r})", cure) from error
    return found


def write(path: Path, content: str | bytes) -> None:
    """Write a file of our own, replacing a link of that name (never writing through it)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def read_au_csv(source: Path, units: Iterable[str]) -> Table:
    """OpenFace's table, which must hold the units that a checkout reads, like `AU45`.

    Raises:
        BadInput: the table lacks a unit, or cannot be read.

    """
    if not source.is_file():
        raise BadInput(source, "no such file", "Run OpenFace's FeatureExtraction on the video.")
    table = read_table(source)
    if missing := [f"{unit}_r" for unit in units if unit not in table.units]:
        fact = f"it lacks {', '.join(missing)}, which this method reads"
        raise BadInput(source, fact, "Run OpenFace 2.2 with all action units.")
    return table


def write_au_csv(table: Table, target: Path, spaces: bool) -> None:
    """Write OpenFace's table with the column names that a checkout looks up.

    OpenFace on Windows writes ` AU45_r`, newer builds on Linux `AU45_r`; repositories look up
    one of the two and fail on the other (ER-NeRF issue 115, DEGSTalk issue 1).

    Args:
        table: of the user's `au.csv`, with or without spaces.
        target: written, never through a link.
        spaces: whether every name but the first has a space before it.

    """
    text = io.StringIO()
    names = list(table.columns)
    # Not csv's own quoting: OpenFace's cells are plain, and the space is part of the name.
    text.write((", " if spaces else ",").join(names) + "\n")
    csv.writer(text, lineterminator="\n").writerows(row[: len(names)] for row in table.rows)
    write(target, text.getvalue())


def need(folder: Path, names: Iterable[str], cure: str) -> None:
    """Refuse a prepared folder that lacks files.

    Args:
        folder: the prepared folder.
        names: files or folders, relative to it.
        cure: how to make them.

    Raises:
        BadInput: lists the missing ones, ten at most, and how many more.

    """
    if missing := [name for name in names if not (folder / name).exists()]:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise BadInput(folder, f"it lacks {', '.join(missing[:10])}{more}", cure)
