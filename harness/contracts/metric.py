"""What a metric is to the harness: columns with direction, a streaming class, typed failures."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

#: How a column's value for several sequences is made, which decides the statistics: the mean over
#: sequences of the means of their items (frames, windows), so that items can be resampled; a
#: function of the features of all sequences together, which is any other weighting of the items
#: too; or the mean over sequences of a value of each that is no mean of items.
AGGREGATIONS = ("mean of items", "of the pooled features", "per sequence")
MEAN_OF_ITEMS, POOLED, PER_SEQUENCE = AGGREGATIONS


@dataclass(frozen=True)
class Column:
    """One column of a table. `name` carries the variant: `lpips/alex`, `sync_c/synthetic`."""

    name: str
    direction: str  # "up", "down" or "none"
    unit: str
    range: tuple[float | None, float | None]
    summary: str  # one line a reader of the table understands
    aggregation: str = MEAN_OF_ITEMS  # one of AGGREGATIONS

    def __post_init__(self) -> None:
        if self.aggregation not in AGGREGATIONS:
            known = ", ".join(map(repr, AGGREGATIONS))
            raise ValueError(f"{self.name}: aggregation {self.aggregation!r} is none of {known}")


@dataclass(frozen=True)
class MetricSpec:
    """What `list` shows. `entry` is `module:Class`, built as `Class(spec, weights, device)`."""

    id: str
    title: str
    entry: str
    columns: tuple[Column, ...]
    reference: str  # paper or repository and path that defines it
    formula: str = ""  # the definition in one line of plain mathematics
    traps: tuple[str, ...] = ()  # what makes published values of this name differ
    track: str = "video"  # "video": frames come in batches; "mesh": `begin` holds everything
    signals: tuple[str, ...] = ()  # ground-truth signals it reads
    predicted: tuple[str, ...] = ()  # signals of the prediction it reads beside its frames
    weights: tuple[str, ...] = ()  # ids in metrics/weights.toml
    packages: tuple[str, ...] = ()  # optional packages it imports
    domain: str = "any"  # "photo", "synthetic" or "any": what its networks were trained on
    default: bool = True  # part of a run without --metrics
    min_side: int = 0  # pixels; smaller frames cannot be scored
    needs_timing: bool = False  # reads the timing of the renderer, so it cannot score files
    options: Mapping[str, Any] = field(default_factory=dict)


#: Type of a "failure" of a whole sequence that is none: there was nothing to measure, such as
#: the duration of blinks where nobody blinks.
NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Failure:
    """Something that could not be scored: counted and shown, never dropped, never 0."""

    type: str  # "no_face", "nan", "no_track", ... or `NOT_APPLICABLE`
    message: str
    item: int | None = None  # frame or window index, None for the whole sequence


@dataclass(frozen=True)
class Clip:
    """One prediction beside its ground truth, as a metric sees it before the first frame."""

    id: str
    fps: float
    count: int
    height: int
    width: int
    audio: np.ndarray  # float32 [S] at 16 kHz: what the prediction is judged with
    domain: str = "photo"
    signals: Mapping[str, Any] = field(default_factory=dict)  # of the ground truth, test part
    predicted: Mapping[str, Any] = field(default_factory=dict)  # signals given with the prediction
    timing: Mapping[str, Any] | None = None  # record of the renderer's timing, if there is one


class FeatureCache:
    """Features computed once per batch for all metrics together (landmarks, network outputs)."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value under `key`, computed on first use."""
        if key not in self._values:
            self._values[key] = compute()
        return self._values[key]


@dataclass(frozen=True)
class FrameBatch:
    """Consecutive frames, prediction beside ground truth; both uint8 RGB [B,H,W,3]."""

    start: int  # index of the first frame in the sequence
    prediction: np.ndarray
    truth: np.ndarray
    cache: FeatureCache = field(default_factory=FeatureCache)

    def __post_init__(self) -> None:
        for name in ("prediction", "truth"):
            frames = getattr(self, name)
            if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
                raise TypeError(
                    f"{name} must be uint8 RGB [B,H,W,3], not {frames.dtype} {list(frames.shape)}"
                )
        if self.prediction.shape != self.truth.shape:
            raise ValueError(f"shapes differ: {self.prediction.shape} and {self.truth.shape}")

    @property
    def frames(self) -> range:
        """Indices of these frames in the sequence."""
        return range(self.start, self.start + len(self.prediction))


@dataclass
class MetricResult:
    """What one metric measures on one sequence.

    values: column -> value, or None where nothing could be scored.
    items: column -> float64 [n], per frame or window (NaN where that item failed).
    features: arrays kept so that sequences can be pooled without the frames.
    details: detector, crop, number of windows, variant: whatever a reviewer would ask.
    """

    values: Mapping[str, float | None]
    n: int
    items: dict[str, np.ndarray] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    features: dict[str, np.ndarray] = field(default_factory=dict)


class Metric(abc.ABC):
    """A metric under its spec: begin(clip), update(batch) ..., compute(), for each sequence."""

    pooling: ClassVar[str] = "mean of sequences"
    #: The value is biased by the number of samples, so every row of a table must use the same
    #: ones: such a metric keeps `features["frames"]` and implements `restrict`.
    equal_n: ClassVar[bool] = False

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        self.spec, self.weights, self.device = spec, weights, device

    @abc.abstractmethod
    def begin(self, clip: Clip) -> None:
        """Forget the last sequence and prepare for this one."""

    @abc.abstractmethod
    def update(self, batch: FrameBatch) -> None:
        """Take the next frames, in order. Keeps features, never the frames themselves."""

    @abc.abstractmethod
    def compute(self) -> MetricResult:
        """The result, once all frames were seen."""

    def restrict(self, result: MetricResult, frames: np.ndarray) -> MetricResult:
        """The result from the given frames alone (int64 [k], a subset of those it scored).

        Only metrics with `equal_n` are asked.
        """
        raise NotImplementedError(f"{self.spec.id} does not depend on the number of frames")

    def pool(self, results: list[MetricResult]) -> dict[str, float | None]:
        """One value per column for several sequences: the mean over those that have a value."""
        pooled: dict[str, float | None] = {}
        for column in self.spec.columns:
            values = [r.values.get(column.name) for r in results]
            scored = [v for v in values if v is not None]
            pooled[column.name] = float(np.mean(scored)) if scored else None
        return pooled
