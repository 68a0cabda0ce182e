"""What stored results look like; `reports` reads these and nothing else.

One `results.json` a run folder, with rows of cells; the per-item values lie beside it as
JSON lines. A reader of schema N reads every schema up to N.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: 2 added `Results.recordings`; 3 `Score.level`, `Score.by_seed` and `Score.without`.
SCHEMA_VERSION = 3


@dataclass(frozen=True)
class Score:
    """One table cell.

    status: "ok"; "unavailable" (weights or a package are absent); "failed" (it was tried).
    low, high: 95% interval of the value, None where no interval is defined.
    level: what the interval is over and what `without` leaves out, a key of
        `reports.statistics.clusters.SCOPES`; empty without either, and before schema 3.
    n: items (frames, windows) that were scored; failures: items that could not be.
    by_seed: seed -> value of that training; of values alone that are no mean of their items.
    without: person or recording -> value without it, seeds averaged; of the same values, where
        there are enough persons or recordings.
    """

    status: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    failures: int = 0
    reason: str = ""
    warnings: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    level: str = ""
    by_seed: Mapping[str, float] = field(default_factory=dict)
    without: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of a leaderboard: a method under one drive on one split."""

    method: str
    title: str
    role: str  # "method", "baseline", "oracle"
    drive: str  # "audio", "audio+au", "shuffled-audio"
    split: str  # "synthetic-mini@1"
    preset: str
    seeds: tuple[int, ...]
    sequences: tuple[str, ...]
    protocol: Mapping[str, Any]  # fps, resolution, composite, device
    scores: Mapping[str, Score]
    media: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # sequence -> kind -> path
    costs: Mapping[str, float] = field(default_factory=dict)  # fit_seconds, peak_memory_mb
    items: tuple[str, ...] = ()  # JSON-lines files, relative to the run folder


@dataclass(frozen=True)
class FailedCell:
    """Work that raised: counted and shown, never dropped."""

    method: str
    drive: str
    sequence: str
    seed: int
    stage: str
    type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Results:
    """Everything a report needs."""

    rows: tuple[Row, ...]
    columns: Mapping[str, Mapping[str, Any]]  # name -> direction, unit, range, summary, reference
    failures: tuple[FailedCell, ...]
    provenance: Mapping[str, Any]
    #: Sequence -> subject, emotion, intensity, where known: the clusters of statistics.
    recordings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, Any]:
        """Plain types for `json.dump`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Results:
        """Read what `to_json` wrote.

        Raises:
            ValueError: the file was written by a newer schema than this code knows.
        """
        version = int(data.get("schema_version", 0))
        if version > SCHEMA_VERSION:
            raise ValueError(f"schema_version {version} is newer than {SCHEMA_VERSION}")
        rows = []
        for row in data["rows"]:
            scores = {
                name: Score(**{**score, "warnings": tuple(score["warnings"])})
                for name, score in row["scores"].items()
            }
            lists = {k: tuple(row[k]) for k in ("seeds", "sequences", "items")}
            rows.append(Row(**{**row, **lists, "scores": scores}))
        return cls(
            rows=tuple(rows),
            columns=data["columns"],
            failures=tuple(FailedCell(**f) for f in data["failures"]),
            provenance=data["provenance"],
            recordings=data.get("recordings", {}),
            schema_version=version,
        )
