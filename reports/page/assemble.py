"""The page of a run folder: one self-contained file with what matters first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contracts import Results
from harness.storage import write_text
from reports import layout, scopes
from reports.page import board, curves, families, groups, missing
from reports.page import html as pages
from reports.page import versus as sections
from reports.page.player.players import players
from reports.page.player.videos import codec_note
from reports.page.ranking import ranking
from reports.page.tradeoff import tradeoff

NAME = "index.html"


@dataclass(frozen=True)
class Ablations:
    """Ablation sections of a page, made by whoever knows the grids.

    sections: what the template shows of each; problems: why others cannot be shown; own: whether
    the folder itself is an ablation, which has a reference row of its own.
    """

    sections: Sequence[dict[str, Any]] = ()
    problems: Sequence[str] = ()
    own: bool = False


def write(
    results: Results,
    folder: Path,
    target: Path | None = None,
    ablations: Ablations = Ablations(),
) -> Path:
    """Write the page of a run folder and return its path."""
    ranks = ranking(results, folder)
    found = groups.columns(results, ranks)
    # A second reference row beside an ablation's own would only confuse.
    versus = None if ablations.own else sections.versus(results, ranks)
    path = target or folder / NAME
    kind = f"ablation {folder.name}" if ablations.own else "leaderboard"
    unread = [ranks.problem] * bool(ranks.problem and ranks.reference is None)
    shown = players(results, ranks, folder, path.parent)
    html = pages.render(
        "page.html",
        title=f"{results.rows[0].split} {kind}",
        caption=layout.caption(results),
        leaders=board.leaders(results, ranks),
        unranked=board.unranked(results, ranks),
        scope=ranks.scope,
        spots=groups.weak_spots(results, found),
        counts=missing.counts(results),
        intervals=scopes.of_table(results),
        columns=board.columns(results),
        families=families.chooser(results, layout.column_names(results)),
        rows=board.rows(results, ranks),
        tradeoff=tradeoff(results),
        ablations=ablations.sections,
        versus=versus,
        groups=groups.section(results, found),
        missing={**missing.section(results), "unread": [*unread, *ablations.problems]},
        players=shown,
        filmed=any(one["videos"] for one in shown),
        traced=any(one["data"]["columns"] for one in shown),
        codec=codec_note(results),
        curves=curves.loss_curves(results, folder),
        provenance=json.dumps(layout.provenance(results), indent=2, default=str),
    )
    write_text(path, html)
    return path
