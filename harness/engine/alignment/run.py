"""The work: every recording is decoded once, for all metrics together; then the table."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import FailedCell, Metric, MetricResult, Results, Row, Score
from harness.engine.aggregation import Scored, column_facts, metric_scores
from harness.engine.alignment.labels import Label
from harness.engine.alignment.opened import Take
from harness.engine.alignment.plan import ORACLE, Item, Plan
from harness.engine.equal_samples import common_frames
from harness.engine.progress import watch
from harness.engine.provenance import provenance
from harness.engine.results import link
from harness.engine.run import Tally, exclusive
from harness.engine.scoring import store_result, stored_result, stream
from harness.engine.store import Store, write_json
from harness.storage import file_digest, make_folder, writing_to
from metrics import catalog as metrics
from reports import items

#: Frames that are looked at together: at most this many, and this many bytes a side.
BATCH, BATCH_BYTES = 32, 1 << 26


class Scorer:
    """Works through a plan; what an earlier attempt finished is not done again."""

    def __init__(self, out: Path, device: str = "cpu") -> None:
        self.out, self.device = out, device
        self.store, self.tally = Store(out), Tally()

    def run(self, plan: Plan) -> Results:
        """Score what is missing, then write the results."""
        make_folder(self.out)
        with writing_to(self.out), exclusive(self.out / ".lock"):
            built = {spec.id: metrics.build(spec, self.device) for spec in plan.metrics}
            for item in plan.items:
                self._score(item, built)
            results = gather(plan, built, self.store, self.out, tuple(self.tally.failed))
            write_json(self.out / "results.json", results.to_json())
        return results

    def _score(self, item: Item, built: dict[str, Metric]) -> None:
        """All missing metrics of one recording, in one pass."""
        pending = [(spec, cell) for spec, cell in item.cells if not self.store.done(cell)]
        self.tally.reused += len(item.cells) - len(pending)
        if not pending:
            return
        chosen = [built[spec.id] for spec, _ in pending]
        with watch(f"{item.clip.id} · {len(pending)} metrics") as progress:
            outcomes = stream(chosen, item.clip, batches(item), progress)
        for (spec, cell), outcome in zip(pending, outcomes, strict=True):
            if isinstance(outcome, Exception):
                record = self.store.fail(cell, outcome)
                about = {key: record[key] for key in ("type", "message", "traceback")}
                failed = FailedCell(item.row, "", item.name, 0, f"score {spec.id}", **about)
                self.tally.failed.append(failed)
                print(f"{cell.label} failed: {failed.type}: {failed.message}", file=sys.stderr)
                continue
            with self.store.open(cell) as (folder, record):
                store_result(spec, outcome, folder, record)
            self.tally.computed += 1


def batches(item: Item) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Both sides in blocks, decoded side by side: (start, prediction, truth [B,H,W,3]).

    A mesh has no frames. Where both sides are one recording it is decoded once.
    """
    prediction, truth = item.sides.prediction, item.sides.truth
    if truth.height == 0:
        return
    size = max(1, min(BATCH, BATCH_BYTES // (truth.height * truth.width * 3)))
    same = prediction is truth
    ours, theirs = (iter(()) if same else frames_of(prediction)), frames_of(truth)
    for start in range(0, truth.count, size):
        block = np.stack(list(islice(theirs, size)))
        yield start, block if same else np.stack(list(islice(ours, size))), block


def frames_of(take: Take) -> Iterator[np.ndarray]:
    """The frames of a recording, exactly as many as it was opened with."""
    done = 0
    for frame in take.frames():
        done += 1
        yield frame
    if done != take.count:
        raise RuntimeError(f"{take.path} gave {done} of {take.count} frames")


def gather(
    plan: Plan, built: dict[str, Metric], store: Store, out: Path, failures: tuple[FailedCell, ...]
) -> Results:
    """One row a prediction, from finished cells."""
    grouped: dict[str, list[Item]] = {}
    for item in plan.items:
        grouped.setdefault(item.row, []).append(item)
    scored: dict[str, dict[tuple[str, str], MetricResult]] = {spec.id: {} for spec in plan.metrics}
    for item in plan.items:
        for spec, cell in item.cells:
            if store.done(cell):
                result = stored_result(store.path(cell), store.record(cell))
                scored[spec.id][item.row, item.name] = result
    common = {
        spec.id: common_frames(
            (item.name, item.clip.count, result)
            for item in plan.items
            if (result := scored[spec.id].get((item.row, item.name))) is not None
        )
        for spec in plan.metrics
        if built[spec.id].equal_n
    }
    unknown = Label("")
    sequences = {item.name: dict(vars(plan.labels.get(item.name, unknown))) for item in plan.items}
    rows = []
    for name, row_items in grouped.items():
        scores: dict[str, Score] = {}
        for spec in plan.metrics:
            found = [
                Scored(i.name, sequences[i.name]["subject"], 0, scored[spec.id].get((name, i.name)))
                for i in row_items
            ]
            fps = row_items[0].clip.fps
            scores |= metric_scores(built[spec.id], found, fps, common.get(spec.id))
        for metric_id, absence in plan.unavailable.items():
            scores |= absence.scores(metrics.spec(metric_id))
        rows.append(row(name, row_items, scores, scored, plan, out))
    specs = [*plan.metrics, *(metrics.spec(name) for name in plan.unavailable)]
    facts = provenance(plan.request.device) | {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": plan.key,
        "score": {item.clip.id: about(item) for item in plan.items},
    }
    return Results(tuple(rows), column_facts(specs, built), failures, facts, sequences)


def row(
    name: str,
    row_items: list[Item],
    scores: dict[str, Score],
    scored: dict[str, dict[tuple[str, str], MetricResult]],
    plan: Plan,
    out: Path,
) -> Row:
    """One line of the table, with its items and videos beside it."""
    sizes = {(item.clip.height, item.clip.width, item.clip.fps) for item in row_items}
    height, width, fps = row_items[0].clip.height, row_items[0].clip.width, row_items[0].clip.fps
    entries: list[tuple[str, int, str, np.ndarray]] = []
    media = {}
    for item in row_items:
        slug = re.sub(r"[^\w.+-]", "-", f"{name}--{item.name}")
        found = [
            results[key] for results in scored.values() if (key := (name, item.name)) in results
        ]
        entries += [
            (item.name, 0, column, values)
            for result in found
            for column, values in result.items.items()
        ]
        source = item.sides.prediction.path
        if source.suffix.lower() == ".mp4":
            target = out / "videos" / f"{slug}.mp4"
            link(source, target)
            media[item.name] = {"video": str(target.relative_to(out))}
    path = out / "items" / f"{file_digest(name)}.csv"
    items.write(path, entries)
    return Row(
        method=name,
        title=name,
        role="oracle" if name == ORACLE else "method",
        drive="" if name == ORACLE else plan.request.drive,
        split=plan.request.truth.name,
        preset="",
        seeds=(0,),
        sequences=tuple(item.name for item in row_items),
        protocol={
            "fps": fps,
            "height": height,
            "width": width,
            "mixed_sizes": len(sizes) > 1,
            "composite": "as given",
            "test_frames": sum(item.clip.count for item in row_items),
            "device": plan.request.device,
        },
        scores=scores,
        media=media,
        items=str(path.relative_to(out)),
    )


def about(item: Item) -> dict[str, Any]:
    """What a reviewer would ask of one comparison."""
    sides = {"prediction": item.sides.prediction, "truth": item.sides.truth}
    return {
        side: {"file": take.path.name, "sha256": take.digest, "decode": take.decode}
        for side, take in sides.items()
    } | {
        "frames": item.clip.count,
        "fps": item.clip.fps,
        "size": [item.clip.width, item.clip.height],
        **item.sides.notes,
    }
