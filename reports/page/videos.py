"""The videos of a run side by side, embedded while they are small."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from harness.contracts import Results
from reports import layout, stored

#: Videos are embedded up to this many bytes in all; beyond it the page links to the files.
EMBED_LIMIT = 40 * 2**20


def by_sequence(results: Results, folder: Path, home: Path | None = None) -> list[dict[str, Any]]:
    """For each sequence the videos of all rows, ground truth first, embedded while they are small.

    Links go from `home`, the page's folder, which is the run's if None.

    Raises:
        BadInput: a path leads out of the run folder.

    """
    paths = {
        (sequence, layout.row_label(row)): path
        for row in results.rows
        for sequence, kinds in row.media.items()
        if "video" in kinds and (path := stored.inside(folder, kinds["video"])).is_file()
    }
    total = sum(path.stat().st_size for path in paths.values())
    grouped: dict[str, list[dict[str, str]]] = {}
    for (sequence, label), path in paths.items():
        source = Path(os.path.relpath(path, home or folder)).as_posix()
        if total <= EMBED_LIMIT:
            data = base64.b64encode(path.read_bytes()).decode("ascii")
            source = f"data:video/mp4;base64,{data}"
        grouped.setdefault(sequence, []).append({"label": label, "source": source})
    for videos in grouped.values():
        videos.sort(key=lambda video: video["label"] != "ground-truth")
    return [{"sequence": sequence, "videos": videos} for sequence, videos in grouped.items()]


def codec_note(results: Results) -> str:
    """What the preview videos cost, so that they are not measured by mistake."""
    values = [row.costs.get("preview_codec_psnr_db") for row in results.rows]
    known = [value for value in values if value]
    if not known:
        return ""
    return (
        "The videos on this page are H.264 previews; compression alone lowers them to as little as "
        f"{min(known):.1f} dB PSNR. All metrics are computed on the lossless frames."
    )
