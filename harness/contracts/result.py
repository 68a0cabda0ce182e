"""What stored results look like; `reports` reads these and nothing else.

One `results.json` a run folder, with rows of cells, and a CSV file of per-item values for each
row beside it. `reports.legacy` brings files of an older schema to this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

#: 2 added the facts of sequences; 3 `Score.level`, `Score.by_seed` and `Score.without`; 4 took
#: the words sequence and subject, one file of items a row, `Row.made_with`, and the declared
#: aggregation of a column.
SCHEMA_VERSION = 4


@dataclass(frozen=True)
class Score:
    """One table cell.

    status: "ok"; "unavailable" (weights or a package are absent); "not applicable" (there was
        nothing to measure, such as blinks); "failed" (it was tried).
    low, high: 95% interval of the value, None where no interval is defined.
    level: what the interval is over and what `without` leaves out: "subjects", "sequences",
        "blocks", "left-out subjects", "left-out sequences" or "seeds"; empty without either,
        and before schema 3.
    n: items (frames, windows) of this column that were scored; failures: those that could not be.
    by_seed: seed -> value of that training; only of values that are not the mean of their items.
    without: subject or sequence -> value without it, seeds averaged; of the same values, where
        there are enough subjects or sequences.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"allow_inf_nan": False}

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
    """One line of a leaderboard: a method under one driving signal on one split.

    Paths are relative to the run folder.
    """

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
    items: tuple[str, ...] = ()  # its files of items, see `reports.items`
    #: Overrides of the preset: rows of one method that differ here are different rows.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: What computed its cells -> distinct values: "torch" -> ("2.13.0",), "threads" -> ("2",),
    #: "code:METRIC_ID" -> digests of the code that scored it.
    made_with: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class FailedCell:
    """Work that raised: counted and shown, never dropped."""

    method: str
    drive: str
    sequence: str
    seed: int
    kind: str  # "truth", "fit", "render", "time", "score METRIC"
    type: str
    message: str
    traceback: str = ""
    where: str = ""  # "path/file.py:123", the line that raised
    log: str = ""  # file with the whole traceback, relative to the run folder


@dataclass(frozen=True)
class Results:
    """Everything a report needs."""

    rows: tuple[Row, ...]
    #: name -> metric, direction, unit, range, summary, reference, aggregation, code.
    columns: Mapping[str, Mapping[str, Any]]
    failures: tuple[FailedCell, ...]
    provenance: Mapping[str, Any]
    #: Sequence -> subject, emotion, intensity, where known: the clusters of statistics.
    sequences: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, Any]:
        """Plain types for `json.dump`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Results:
        """Read what `to_json` wrote; every field is checked.

        Raises:
            ValueError: a newer schema than this code knows, or a field of another type.
        """
        from pydantic import TypeAdapter, ValidationError

        version = data.get("schema_version")
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise ValueError(f"schema_version {version} is newer than {SCHEMA_VERSION}")
        try:
            return TypeAdapter(cls).validate_python(data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{place}: {first['msg']}") from error
