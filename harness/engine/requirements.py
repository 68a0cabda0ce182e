"""Why a metric cannot score here: what is absent, so that a report can say it once for all."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from harness.contracts import MetricSpec, MissingSignal, Score, Unavailable
from harness.weights import resolve
from metrics.catalog import installs


@dataclass(frozen=True)
class Absence:
    """Means that a metric needs and this machine or recording lacks."""

    kind: str  # "package", "weights", "signal" or "size"
    names: tuple[str, ...]
    sentence: str

    def scores(self, spec: MetricSpec) -> dict[str, Score]:
        """The metric's columns, all *unavailable*."""
        names = map(installs, self.names) if self.kind == "package" else self.names
        details = {"absent": self.kind, "names": list(dict.fromkeys(names))}
        return {
            column.name: Score("unavailable", reason=self.sentence, details=details)
            for column in spec.columns
        }


def missing_means(spec: MetricSpec) -> Absence | None:
    """Packages, then weights, that a metric needs and that are not here; None where all are.

    Raises:
        BadInput: a weights file is here and its checksum is wrong.

    """
    packages = tuple(name for name in spec.packages if find_spec(name) is None)
    if packages:
        command = f"`pip install {' '.join(dict.fromkeys(map(installs, packages)))}`"
        sentence = f"metric {spec.id!r} needs {', '.join(packages)}. Run {command}."
        return Absence("package", packages, sentence)
    absent, sentences = [], []
    for name in spec.weights:
        try:
            resolve(name)
        except Unavailable as error:
            absent.append(name)
            sentences.append(str(error))
    return Absence("weights", tuple(absent), " ".join(sentences)) if absent else None


def too_small(spec: MetricSpec, height: int, width: int) -> Absence | None:
    """Frames below the metric's smallest size; None where they are large enough."""
    if min(height, width) >= spec.min_side:
        return None
    limit = str(spec.min_side)
    sentence = f"metric {spec.id!r} needs frames of {limit} pixels, and these are {width}x{height}."
    return Absence("size", (limit,), sentence)


def missing_signal(error: MissingSignal) -> Absence:
    """A signal that a recording lacks."""
    return Absence("signal", (error.signal,), str(error))
