"""The page of a run folder: one self-contained file with what matters first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, Results
from harness.storage import write_text
from reports import (
    ablation,
    ablation_page,
    board,
    curves,
    groups,
    intervals,
    layout,
    missing,
    pages,
    sections,
    stored,
    videos,
)
from reports.standing import standing

NAME = "index.html"

#: Where `ablate` puts its grids inside a run folder.
ABLATIONS = "ablations"


def write(results: Results, folder: Path, target: Path | None = None) -> Path:
    """Write the page of a run folder and return its path."""
    stand = standing(results, folder)
    found = groups.columns(results, stand)
    own = ablation.is_ablation(folder)
    ablations, damaged = finished(folder)
    # An ablation has a reference row of its own: a second one would only confuse.
    versus = None if own else sections.versus(results, stand)
    path = target or folder / NAME
    unread = [stand.problem] * bool(stand.problem and stand.reference is None)
    html = pages.render(
        "page.html",
        title=title(results, folder),
        caption=layout.caption(results),
        leaders=board.leaders(results, stand),
        unranked=board.unranked(results, stand),
        scope=stand.scope,
        spots=groups.weak_spots(results, found),
        counts=missing.counts(results),
        intervals=intervals.sentences(results),
        columns=board.columns(results),
        rows=board.rows(results, stand, missing.numbers(results)),
        ablations=ablations,
        versus=versus,
        groups=groups.section(results, found),
        missing={**missing.section(results), "unread": unread + damaged},
        recordings=videos.recordings(results, folder, path.parent),
        codec=videos.codec_note(results),
        curves=curves.loss_curves(results, folder),
        provenance=json.dumps(results.provenance, indent=2, default=str),
    )
    write_text(path, html)
    return path


def refresh(folder: Path) -> Path | None:
    """Write the page of a run folder anew, after an ablation in it; None where there is no run."""
    if not (folder / stored.FILE).is_file():
        return None
    return write(stored.read(folder), folder)


def title(results: Results, folder: Path) -> str:
    """What the page is about."""
    kind = f"ablation {folder.name}" if ablation.is_ablation(folder) else "leaderboard"
    return f"{results.rows[0].split} {kind}" if results.rows else kind


def finished(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Sections of the folder's own ablation or of those inside it, and what cannot be read."""
    places = [folder] if ablation.is_ablation(folder) else []
    inside = sorted(path.parent for path in folder.glob(f"{ABLATIONS}/*/{ablation.FILE}"))
    sections_, problems = [], []
    for place in places or inside:
        try:
            sections_.append(ablation_page.values(ablation.read(place), not sections_))
        except BadInput as error:
            problems.append(str(error))
    return sections_, problems
