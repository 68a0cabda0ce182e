"""What the template shows of every sequence: its videos, their clock, and values by frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.contracts import Results
from reports import layout
from reports.page.player import videos
from reports.page.player.traces import Traces, frames_of
from reports.page.ranking import Ranking

#: Colours of rows in the style sheet; further rows repeat them with another dash.
COLOURS = 8


def players(
    results: Results, ranking: Ranking, folder: Path, home: Path | None = None
) -> list[dict[str, Any]]:
    """One player a sequence that has videos or values by frame.

    `home` is the folder of the page, from which large videos are linked.

    Returns:
        {sequence, fps, frames, columns, videos, data, dropped} of each; `data` is for the script.

    Raises:
        BadInput: a video's path leads out of the run folder.

    """
    sides = {index: side.items for index, side in ranking.sides.items()}
    traces = Traces(results, sides)
    shown = videos.by_sequence(results, folder, home)
    order = dict.fromkeys([*shown, *(name for row in results.rows for name in row.sequences)])
    rows = [
        {"label": layout.row_label(row), "colour": index % COLOURS, "dash": index // COLOURS}
        for index, row in enumerate(results.rows)
    ]
    found = []
    for sequence in order:
        films = shown.get(sequence, [])
        fps, frames = clock(results, films, frames_of(sides, traces.names, sequence))
        columns, dropped = traces.of(sequence, frames)
        if not films and not columns:
            continue
        found.append(
            {
                "sequence": sequence,
                "fps": fps,
                "frames": frames,
                # Of a screen that is wider than high.
                "columns": math.ceil(math.sqrt(1.6 * len(films))) or 1,
                "videos": [film | {"colour": film["row"] % COLOURS} for film in films],
                "data": {"fps": fps, "frames": frames, "rows": rows, "columns": columns},
                "dropped": dropped,
            }
        )
    return found


def clock(results: Results, films: list[dict[str, Any]], items: int) -> tuple[float, int]:
    """Frames per second and frames of a sequence.

    The rate is that of the protocol, at which items were scored; the header of the first video
    tells it where sequences differ. Frames are those of that video at this rate, or as many as
    there are items, if that is more.
    """
    protocol: Mapping[str, Any] = results.rows[0].protocol
    header = videos.rate_and_length(films[0]["path"]) if films else None
    fps = float(protocol["fps"])
    if header is None:
        return fps, items
    fps = header[0] if protocol.get("mixed_sizes") else fps
    return fps, max(round(header[1] * fps), items)
