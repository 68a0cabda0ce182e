"""Ablations on the page of a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.ablation import page as ablation_page
from harness.ablation import table
from harness.contracts import BadInput, Results
from reports import stored
from reports.page import assemble

#: Where `ablate` puts its grids inside a run folder.
FOLDER = "ablations"


def of_folder(folder: Path) -> assemble.Ablations:
    """The folder's own ablation, or those inside it."""
    own = table.is_ablation(folder)
    inside = sorted(path.parent for path in folder.glob(f"{FOLDER}/*/{table.FILE}"))
    sections: list[dict[str, Any]] = []
    problems = []
    for place in [folder] if own else inside:
        try:
            sections.append(ablation_page.values(table.read(place), not sections))
        except BadInput as error:
            problems.append(str(error))
    return assemble.Ablations(sections, problems, own)


def write_page(results: Results, folder: Path, target: Path | None = None) -> Path:
    """Write the page of a run folder with its ablations; returns its path."""
    return assemble.write(results, folder, target, of_folder(folder))


def refresh_page(folder: Path) -> Path | None:
    """Write a run folder's page again, after an ablation in it; None where there is no run."""
    if not (folder / stored.FILE).is_file():
        return None
    return write_page(stored.read(folder), folder)
