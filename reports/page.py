"""One self-contained HTML page: table, videos side by side with sound, loss curves, provenance."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from harness.contracts import Results, Row
from harness.storage import write_text
from reports import curves, layout, sections, tables
from reports.standing import Standing, rank_text, standing

NAME = "index.html"

#: Videos are embedded up to this many bytes in all; beyond it the page links to the files.
EMBED_LIMIT = 40 * 2**20


def write(results: Results, folder: Path, target: Path | None = None) -> Path:
    """Write the page of a run folder and return its path."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stand = standing(results, folder)
    html = environment.get_template("page.html").render(
        title=f"{results.rows[0].split} leaderboard" if results.rows else "leaderboard",
        caption=layout.caption(results),
        columns=columns(results),
        rows=rows(results, stand),
        versus=sections.versus(results, stand),
        groups=sections.groups(results, stand),
        recordings=recordings(results, folder),
        curves=curves.loss_curves(results, folder),
        notes=tables.footnotes(results)
        + [stand.problem] * bool(stand.problem and stand.reference is None),
        provenance=json.dumps(results.provenance, indent=2, default=str),
        codec=codec_note(results),
    )
    path = target or folder / NAME
    write_text(path, html)
    return path


def columns(results: Results) -> list[dict[str, Any]]:
    """Column heads: name, variant, direction and what it means."""
    heads = []
    for name in layout.column_names(results):
        facts = results.columns[name]
        family, _, variant = name.partition("/")
        missing = all(
            row.scores.get(name) is None or row.scores[name].status == "unavailable"
            for row in results.rows
        )
        heads.append(
            {
                "name": name,
                "family": family,
                "variant": variant,
                "arrow": layout.ARROWS[facts["direction"]],
                "unit": facts["unit"],
                "summary": f"{facts['summary']} Reference: {facts['reference']}",
                "missing": missing,
            }
        )
    return heads


def rows(results: Results, stand: Standing) -> list[dict[str, Any]]:
    """Rows with shown text, interval, rank, note and a number to sort by."""
    names = layout.column_names(results)
    table = []
    for index, (row, cells) in enumerate(
        zip(results.rows, layout.cells(results, names), strict=True)
    ):
        table.append(
            {
                "method": row.method,
                "title": row.title,
                "role": row.role,
                "about": about(row),
                "fit": row.costs.get("fit_seconds"),
                "cells": [
                    {
                        "text": cell.text,
                        "best": cell.best,
                        "note": cell.note,
                        "interval": layout.interval_text(name, row.scores.get(name)),
                        "rank": rank_text(rank)
                        if (rank := stand.ranks.get(name, {}).get(index))
                        else "",
                        "n": score.n if (score := row.scores.get(name)) else 0,
                        "sort": score.value if score and score.value is not None else "",
                    }
                    for name, cell in zip(names, cells, strict=True)
                ],
            }
        )
    return table


def about(row: Row) -> str:
    """Role or preset, and what drove the test, as far as they are known."""
    parts = [row.preset if row.role == "method" else row.role]
    parts.append(f"driven by {row.drive}" if row.drive else "")
    return ", ".join(part for part in parts if part)


def recordings(results: Results, folder: Path) -> list[dict[str, Any]]:
    """Per recording the videos of all rows, ground truth first, embedded while they are small."""
    paths = {
        (sequence, layout.row_label(row)): kinds["video"]
        for row in results.rows
        for sequence, kinds in row.media.items()
        if "video" in kinds and (folder / kinds["video"]).is_file()
    }
    total = sum((folder / path).stat().st_size for path in paths.values())
    grouped: dict[str, list[dict[str, str]]] = {}
    for (sequence, label), path in paths.items():
        source = path
        if total <= EMBED_LIMIT:
            data = base64.b64encode((folder / path).read_bytes()).decode("ascii")
            source = f"data:video/mp4;base64,{data}"
        grouped.setdefault(sequence, []).append({"label": label, "source": source})
    order = {"ground-truth": 0}
    return [
        {
            "sequence": sequence,
            "videos": sorted(videos, key=lambda v: order.get(v["label"], 1)),
            "height": results.rows[0].protocol["height"],
        }
        for sequence, videos in grouped.items()
    ]


def codec_note(results: Results) -> str:
    """What the preview videos cost, so that nobody measures them by mistake."""
    values = [row.costs.get("preview_codec_psnr_db") for row in results.rows]
    known = [value for value in values if value]
    if not known:
        return ""
    return (
        "The videos on this page are H.264 previews; their coding alone costs down to "
        f"{min(known):.1f} dB PSNR against the lossless frames. Metrics read the lossless frames."
    )
