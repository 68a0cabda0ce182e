"""From finished cells to results: one row per method and drive, items and videos beside it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from harness.contracts import (
    BadInput,
    FailedCell,
    Metric,
    MetricSpec,
    Results,
    Row,
    Score,
)
from harness.engine.aggregation import Scored, column_facts, metric_scores
from harness.engine.equal_samples import common_frames
from harness.engine.plan import Work
from harness.engine.planner import Plan
from harness.engine.provenance import provenance
from harness.engine.scoring import stored_result
from harness.engine.store import Store
from harness.storage import file_digest
from metrics import catalog as metrics
from reports import items


def plan_key(plan: Plan) -> str:
    """Hash of all cells of a plan: equal keys mean the same results."""
    keys = [cell.key for work in plan.works for cell in (work.render, work.fit)]
    keys += [cell.key for work in plan.works for _, cell in work.scores]
    keys += [work.variant for work in plan.works if work.variant]  # equal cells, other row names
    return hashlib.sha256(" ".join([*keys, *sorted(plan.unavailable)]).encode()).hexdigest()


def gather(
    plan: Plan, store: Store, out: Path, failures: tuple[FailedCell, ...], device: str
) -> Results:
    """Assemble all rows of a plan from its finished cells."""
    groups: dict[tuple[str, str], list[Work]] = {}
    for work in plan.works:
        groups.setdefault((work.name, work.drive), []).append(work)
    built = {spec.id: metrics.build(spec, device) for spec in plan.metrics}
    common = {
        spec.id: frames_of_all(spec, plan.works, store)
        for spec in plan.metrics
        if built[spec.id].equal_n
    }
    rows = [row(works, plan, built, common, store, out, device) for works in groups.values()]
    columns = column_facts(
        [*plan.metrics, *(metrics.spec(name) for name in plan.unavailable)], built
    )
    facts = provenance(device) | {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": plan_key(plan),
        "split": {
            "name": plan.manifest.name,
            "domain": plan.manifest.domain,
            "licence": plan.manifest.licence,
            "protocol": plan.manifest.protocol,
        },
    }
    sequences = {
        sequence.id: {
            "subject": sequence.subject,
            "emotion": sequence.emotion,
            "intensity": sequence.intensity,
        }
        for sequence in (work.sequence for work in plan.works)
    }
    return Results(tuple(rows), columns, failures, facts, sequences)


def row(
    works: list[Work],
    plan: Plan,
    built: dict[str, Metric],
    common: dict[str, dict[Hashable, np.ndarray]],
    store: Store,
    out: Path,
    device: str,
) -> Row:
    """One line of the leaderboard."""
    first = works[0]
    scores: dict[str, Score] = {}
    for spec in plan.metrics:
        found, fps = scored(spec, works, store), first.sequence.fps
        scores |= metric_scores(built[spec.id], found, fps, common.get(spec.id))
    for name, absence in plan.unavailable.items():
        scores |= absence.scores(metrics.spec(name))
    done = [work for work in works if store.done(work.render)]
    return Row(
        method=first.name,
        title=first.method.title,
        role=first.method.role,
        drive=first.drive,
        split=plan.manifest.name,
        preset=first.preset,
        seeds=tuple(sorted({work.seed for work in works})),
        sequences=tuple(dict.fromkeys(work.sequence.id for work in works)),
        protocol={
            "fps": plan.manifest.fps,
            "height": first.sequence.height,
            "width": first.sequence.width,
            "composite": plan.manifest.composite,
            "train_fraction": plan.manifest.train_fraction,
            "test_frames": sum(len(w.sequence.test) for w in works if w.seed == first.seed),
            "device": device,
        },
        scores=scores,
        media={work.sequence.id: media(work, store, out) for work in done},
        costs=costs([work for work in works if store.done(work.fit)], store),
        items=write_items(done, store, out),
    )


def frames_of_all(
    spec: MetricSpec, works: Iterable[Work], store: Store
) -> dict[Hashable, np.ndarray]:
    """The frames of each recording that every row of the table could score."""
    cells = [(w, cell) for w in works for s, cell in w.scores if s.id == spec.id]
    return common_frames(
        (work.sequence.id, len(work.sequence.test), stored_result(store.path(cell), record))
        for work, cell in cells
        if store.done(cell) and (record := store.record(cell))
    )


def scored(spec: MetricSpec, works: Iterable[Work], store: Store) -> list[Scored]:
    """The results of one metric for one row, of the recordings and seeds that it applies to."""
    return [
        Scored(
            work.sequence.id,
            work.sequence.subject or "",
            work.seed,
            stored_result(store.path(cell), store.record(cell)) if store.done(cell) else None,
        )
        for work in works
        for own, cell in work.scores
        if own.id == spec.id
    ]


def link(source: Path, target: Path) -> None:
    """Put a cell's file where people look, without a second copy where the disk allows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError as error:
        cure = f"Delete {source.parent}; the next run makes it again."
        raise BadInput(source, "no such file", cure) from error
    except OSError:
        shutil.copy2(source, target)


def slug(work: Work) -> str:
    """A file name that names the cell: method, drive, sequence, seed."""
    drive = work.drive.replace("+", "-")
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", work.name).strip("-")
    return f"{name}--{drive}--{work.sequence.id.replace('/', '-')}--s{work.seed}"


def media(work: Work, store: Store, out: Path) -> dict[str, str]:
    """Paths, relative to the run folder, of what people look at."""
    video = out / "videos" / f"{slug(work)}.mp4"
    link(store.path(work.render) / "preview.mp4", video)
    found = {"video": str(video.relative_to(out))}
    losses = store.path(work.fit) / "losses.jsonl"
    if losses.is_file():
        found["losses"] = os.path.relpath(losses, out)
    return found


def costs(works: list[Work], store: Store) -> dict[str, float]:
    """Mean seconds of fitting and the largest memory seen."""
    fits = [store.record(work.fit) for work in works]
    if not fits:
        return {}
    previews = [
        store.record(w.render)["meta"]["preview"]["psnr_db"] for w in works if store.done(w.render)
    ]
    return {
        "fit_seconds": float(np.mean([fit.get("seconds_alone", fit["seconds"]) for fit in fits])),
        "peak_memory_mb": max(fit["peak_memory_mb"] for fit in fits),
        "preview_codec_psnr_db": float(np.mean(previews)) if previews else float("nan"),
    }


def write_items(works: list[Work], store: Store, out: Path) -> str:
    """Per-item values of one row; the file relative to the run folder."""
    path = out / "items" / f"{file_digest(works[0].name, works[0].drive)}.csv" if works else out
    if works:
        items.write(
            path,
            (
                (work.sequence.id, work.seed, column, values)
                for work in works
                for _, cell in work.scores
                if store.done(cell)
                for column, values in stored_result(
                    store.path(cell), store.record(cell)
                ).items.items()
            ),
        )
    return str(path.relative_to(out)) if works else ""
