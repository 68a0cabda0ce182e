"""The videos of a run by sequence, embedded while they are small, with their rate and length."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, Results
from harness.media.container import open_media, seconds, video_stream
from reports import layout, stored

#: Videos are embedded up to this many bytes in all; beyond it the page links to the files.
EMBED_LIMIT = 40 * 2**20


def by_sequence(
    results: Results, folder: Path, home: Path | None = None
) -> dict[str, list[dict[str, Any]]]:
    """For each sequence the videos of all rows, ground truth first, embedded while they are small.

    Links go from `home`, the page's folder, which is the run's if None.

    Returns:
        Sequence -> {row, label, source, path}; `row` is the index of its row.

    Raises:
        BadInput: a path leads out of the run folder.

    """
    paths = {
        (sequence, index): path
        for index, row in enumerate(results.rows)
        for sequence, kinds in row.media.items()
        if "video" in kinds and (path := stored.inside(folder, kinds["video"])).is_file()
    }
    total = sum(path.stat().st_size for path in paths.values())
    grouped: dict[str, list[dict[str, Any]]] = {}
    for (sequence, index), path in paths.items():
        source = Path(os.path.relpath(path, home or folder)).as_posix()
        if total <= EMBED_LIMIT:
            data = base64.b64encode(path.read_bytes()).decode("ascii")
            source = f"data:video/mp4;base64,{data}"
        label = layout.row_label(results.rows[index])
        found = {"row": index, "label": label, "source": source, "path": path}
        grouped.setdefault(sequence, []).append(found)
    for videos in grouped.values():
        videos.sort(key=lambda video: video["label"] != "ground-truth")
    return grouped


def rate_and_length(path: Path) -> tuple[float, float] | None:
    """Frames per second and seconds of a video, as its header states them; None if it does not.

    Nothing is decoded, which would take minutes for the videos of a large run: results that were
    scored from this file were refused if its header were wrong.
    """
    try:
        with open_media(path) as container:
            stream = video_stream(container, path)
            rate = float(stream.average_rate or 0)
            if rate and stream.frames:
                return rate, stream.frames / rate
            length = float(seconds(stream.duration, stream.time_base))
            return (rate, length) if rate and length else None
    except BadInput:
        return None


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
