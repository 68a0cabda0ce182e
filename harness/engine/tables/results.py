"""Builds results from the entries of a table, for `run`, `score` and `ablate` alike."""

from __future__ import annotations

import os
import shutil
from collections.abc import Hashable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    BadInput,
    FailedCell,
    HarnessError,
    Metric,
    MetricResult,
    MetricSpec,
    Results,
    Row,
    Score,
    Unavailable,
)
from harness.engine.cells import closure
from harness.engine.cells.keys import metric_digest
from harness.engine.cells.store import Store, hash_of
from harness.engine.jobs import Entry
from harness.engine.provenance import provenance
from harness.engine.requirements import Absence
from harness.engine.tables.aggregation import Scored, metric_scores
from harness.engine.tables.entries import EntryTable, identity, is_finished
from harness.engine.tables.equal_samples import common_frames
from harness.engine.work.scoring import stored_result
from harness.files.documents import read_object
from harness.files.reading import reading
from harness.plugins import load_entry
from harness.storage import file_digest, write_json
from metrics import catalog as metrics
from reports import items, stored

#: The code that computes scores of a table from the results of its cells.
CODE = ("harness.engine.tables.results",)


def table_key(entries: Iterable[Entry]) -> str:
    """Hash of everything that determines the results of a table: entries and aggregation code."""
    said = [[identity(one), asdict(one)] for one in entries]
    return hash_of([said, closure.digest(*CODE)], 32)


def unchanged(table: EntryTable, store: Store) -> Results | None:
    """The stored results if they are complete and of exactly this table, else None."""
    found = stored.unchanged(table.out, table_key(finished(table, store)))
    if found is None:
        return None
    files = [table.out / name for row in found.rows for name in row.items]
    files += [
        table.out / p for r in found.rows for kinds in r.media.values() for p in kinds.values()
    ]
    return found if all(path.is_file() for path in files) else None


def finished(table: EntryTable, store: Store) -> list[Entry]:
    """The entries that no process is still working on."""
    return [entry for entry in table.entries() if is_finished(entry, store)]


def write(table: EntryTable, store: Store, device: str) -> Results:
    """Collect the results of a table and write them, with their items and videos."""
    results = TableResults(table, store, device).results()
    write_json(table.out / stored.FILE, results.to_json())
    return results


class TableResults:
    """The results of one table, from finished cells.

    Args:
        table: of the run folder.
        store: holds the cells.
        device: of the metrics that pool.

    """

    def __init__(self, table: EntryTable, store: Store, device: str) -> None:
        self.table, self.store, self.device = table, store, device
        self.entries = finished(table, store)
        self._results: dict[str, MetricResult | None] = {}

    @cached_property
    def specs(self) -> list[MetricSpec]:
        """The metrics of all entries that are still registered, in the catalogue's order."""
        wanted = {name for entry in self.entries for name in (*entry.scores, *entry.unavailable)}
        return [spec for name, spec in metrics.specs().items() if name in wanted]

    def results(self) -> Results:
        """All rows, columns, failures and their provenance."""
        groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries:
            groups.setdefault((entry.row.name, entry.row.drive), []).append(entry)
        facts = self.table.facts()
        origin = provenance(self.device) | {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "plan": table_key(self.entries),
            "split": facts.about if facts else {},
        }
        if configs := self.table.configs(self.entries):
            origin["configs"] = configs
        notes = {f"{e.row.name}/{e.sequence.id}": e.notes for e in self.entries if e.notes}
        if notes:
            origin["score"] = notes
        sequences = {
            entry.sequence.id: {
                "subject": entry.sequence.subject,
                "emotion": entry.sequence.emotion,
                "intensity": entry.sequence.intensity,
            }
            for entry in self.entries
        }
        return Results(
            tuple(self.row(entries) for entries in groups.values()),
            column_facts(self.specs),
            tuple(self.failures()),
            origin,
            sequences,
        )

    def row(self, entries: list[Entry]) -> Row:
        """One line of the leaderboard, with its items and videos."""
        first = entries[0]
        facts = self.table.facts()
        scores: dict[str, Score] = {}
        for spec in self.specs:
            scores |= self.scores(spec, entries)
        sizes = {(e.sequence.height, e.sequence.width, e.sequence.fps) for e in entries}
        own = [entry for entry in entries if entry.seed == first.seed]
        return Row(
            method=first.row.name,
            title=first.row.title,
            role=first.row.role,
            drive=first.row.drive,
            split=facts.split if facts else "",
            preset=first.row.preset,
            options=first.row.options,
            seeds=tuple(sorted({entry.seed for entry in entries})),
            sequences=tuple(dict.fromkeys(entry.sequence.id for entry in entries)),
            protocol={
                "fps": first.sequence.fps,
                "height": first.sequence.height,
                "width": first.sequence.width,
                **({} if first.cells else {"mixed_sizes": len(sizes) > 1}),
                **first.protocol,
                "test_frames": sum(entry.sequence.frames for entry in own),
            },
            scores=scores,
            media=self.media(own),
            costs=self.costs(entries),
            items=self.items(entries),
            made_with=self.made_with(entries),
        )

    def scores(self, spec: MetricSpec, entries: list[Entry]) -> dict[str, Score]:
        """All columns of one metric for one row; computed once for the same cells and code."""
        scored = [entry for entry in entries if spec.id in entry.scores]
        if not scored:
            absent = [e.unavailable[spec.id] for e in entries if spec.id in e.unavailable]
            if not absent:
                return {}
            facts = absent[0]
            absence = Absence(facts["kind"], tuple(facts["names"]), facts["sentence"])
            return absence.scores(spec)
        of_all = load_entry(spec.entry).equal_n
        others = self.entries if of_all else scored
        key = hash_of(
            {
                "metric": metric_digest(spec),
                "code": closure.digest(*CODE),
                "scores": [
                    [e.sequence.id, e.sequence.subject, e.sequence.fps, e.seed, e.scores[spec.id]]
                    for e in scored
                ],
                "done": [self.store.has("score", e.scores[spec.id]) for e in scored],
                "table": [e.scores[spec.id] for e in others if spec.id in e.scores],
            }
        )
        path = self.store.root / "aggregate" / f"{key}.json"
        kept = _read_scores(path)
        if kept is not None:
            return kept
        try:
            metric = self.metric(spec)
        except HarnessError as error:
            reason = f"metric {spec.id!r} cannot be built here to pool its values: {error}"
            return {c.name: Score("unavailable", reason=reason) for c in spec.columns}
        found = [
            Scored(e.sequence.id, e.sequence.subject, e.seed, self.result(e, spec)) for e in scored
        ]
        common = self.common(spec) if of_all else None
        made = metric_scores(metric, found, scored[0].sequence.fps, common)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {name: asdict(score) for name, score in made.items()})
        return _read_scores(path) or made

    def metric(self, spec: MetricSpec) -> Metric:
        """An instance for pooling, without weights unless the class opens them when it is made.

        Raises:
            HarnessError: what the metric needs is gone since its cells were computed.

        """
        try:
            return load_entry(spec.entry)(spec, {}, self.device)
        except Exception:  # whatever a plug-in raises that opens its weights at once
            return metrics.build(spec, self.device)

    def result(self, entry: Entry, spec: MetricSpec) -> MetricResult | None:
        """The result of a metric for one entry; None if that failed."""
        key = entry.scores[spec.id]
        if key not in self._results:
            done = self.store.has("score", key)
            self._results[key] = (
                stored_result(self.store.place("score", key), self.store.read("score", key))
                if done
                else None
            )
        return self._results[key]

    def common(self, spec: MetricSpec) -> dict[Hashable, np.ndarray]:
        """The frames of each sequence that every row of the table could score."""
        return common_frames(
            (entry.sequence.id, entry.sequence.frames, result)
            for entry in self.entries
            if spec.id in entry.scores and (result := self.result(entry, spec)) is not None
        )

    def items(self, entries: list[Entry]) -> tuple[str, ...]:
        """Write the values of all frames and windows of a row; returns the file's relative path."""
        first = entries[0]
        name = f"items/{file_digest(first.row.name, first.row.drive)}.csv"
        values = [
            (entry.sequence.id, entry.seed, column, series)
            for entry in entries
            for spec in self.specs
            if spec.id in entry.scores and (result := self.result(entry, spec)) is not None
            for column, series in result.items.items()
        ]
        if not values:
            return ()
        items.write(self.table.out / name, values)
        return (name,)

    def media(self, entries: list[Entry]) -> dict[str, dict[str, str]]:
        """Videos and loss curves by sequence: paths relative to the run folder."""
        found: dict[str, dict[str, str]] = {}
        for entry in entries:
            source = Path(entry.video) if entry.video else None
            if self.store.has("render", entry.cells.get("render", "")):
                source = self.store.place("render", entry.cells["render"]) / "preview.mp4"
            if source is None:
                continue
            parts = (entry.row.name, entry.row.drive, entry.sequence.id, str(entry.seed))
            video = self.table.out / "videos" / f"{file_digest(*parts)}.mp4"
            link(source, video)
            kinds = {"video": str(video.relative_to(self.table.out))}
            losses = self.store.place("fit", entry.cells.get("fit", "")) / "losses.jsonl"
            if losses.is_file():
                kinds["losses"] = os.path.relpath(losses, self.table.out)
            found[entry.sequence.id] = kinds
        return found

    def costs(self, entries: list[Entry]) -> dict[str, float]:
        """Mean seconds of fitting and the largest memory seen, over fits."""
        fits = [self.store.read("fit", key) for key in self._done("fit", entries)]
        if not fits:
            return {}
        renders = [self.store.read("render", key) for key in self._done("render", entries)]
        previews = [render["meta"]["preview"]["psnr_db"] for render in renders]
        return {
            "fit_seconds": float(np.mean([f.get("seconds_alone", f["seconds"]) for f in fits])),
            "peak_memory_mb": max(fit["peak_memory_mb"] for fit in fits),
            "preview_codec_psnr_db": float(np.mean(previews)) if previews else float("nan"),
        }

    def _done(self, kind: str, entries: list[Entry]) -> list[str]:
        """Keys of finished cells of a kind, each once."""
        keys = dict.fromkeys(entry.cells[kind] for entry in entries if kind in entry.cells)
        return [key for key in keys if self.store.has(kind, key)]

    def made_with(self, entries: list[Entry]) -> dict[str, tuple[str, ...]]:
        """What the cells of a row were computed with: each fact with its distinct values."""
        found: dict[str, dict[str, None]] = {}
        wanted = {(kind, key) for entry in entries for kind, key in entry.cells.items()}
        wanted |= {("score", key) for entry in entries for key in entry.scores.values()}
        for kind, key in sorted(wanted):
            if not self.store.has(kind, key):
                continue
            record = self.store.read(kind, key)
            facts = dict(record.get("made_with", {}))
            if kind == "score":
                facts[f"code:{record['inputs']['metric']}"] = record["inputs"]["code"]
            for name, value in facts.items():
                found.setdefault(name, {})[str(value)] = None
        return {name: tuple(sorted(values)) for name, values in sorted(found.items())}

    def failures(self) -> list[FailedCell]:
        """Every cell of the table that failed, each once, at the first row that needs it."""
        found: dict[str, FailedCell] = {}
        for entry in self.entries:
            wanted = [(kind, kind, key) for kind, key in entry.cells.items()]
            wanted += [("score", f"score {name}", key) for name, key in entry.scores.items()]
            for kind, shown, key in wanted:
                if key in found or self.store.has(kind, key):
                    continue
                record = self.store.failure(kind, key)
                if record is not None:
                    found[key] = FailedCell(
                        entry.row.name,
                        entry.row.drive,
                        entry.sequence.id,
                        entry.seed,
                        shown,
                        record["type"],
                        record["message"],
                        record["traceback"],
                        record.get("where", ""),
                        os.path.relpath(record["log"], self.table.out),
                    )
        return list(found.values())


def column_facts(specs: Iterable[MetricSpec]) -> dict[str, dict[str, Any]]:
    """What a report shows of every column: direction, unit, range, meaning, reference, digest."""
    return {
        column.name: {
            "metric": spec.id,
            "direction": column.direction,
            "unit": column.unit,
            "range": list(column.range),
            "summary": column.summary,
            "reference": spec.reference,
            "aggregation": column.aggregation,
            "needs_timing": spec.needs_timing,
            "pooling": load_entry(spec.entry).pooling,
            "code": code_of(spec),
        }
        for spec in specs
        for column in spec.columns
    }


def code_of(spec: MetricSpec) -> str:
    """The metric's digest; empty if its weights are missing."""
    try:
        return metric_digest(spec)
    except Unavailable:
        return ""


def _read_scores(path: Path) -> dict[str, Score] | None:
    try:
        data = read_object(path, finite=False)
        with reading(path, "record of scores"):
            return {
                name: Score(**{**score, "warnings": tuple(score["warnings"])})
                for name, score in data.items()
            }
    except BadInput:
        return None


def link(source: Path, target: Path) -> None:
    """Link a file into the run folder; copy it if the file system has no links.

    Raises:
        BadInput: there is no such file.

    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError as error:
        cure = f"Delete {source.parent}; the next run creates it again."
        raise BadInput(source, "no such file", cure) from error
    except OSError:
        shutil.copy2(source, target)
