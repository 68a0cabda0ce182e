"""Which metrics can run with the data and this machine, and why others cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from harness.contracts import (
    SIGNALS,
    BadInput,
    MeshRegions,
    MetricSpec,
    MissingSignal,
    Score,
    Unavailable,
)
from harness.weights import resolve
from metrics import catalog as metrics


@dataclass(frozen=True)
class Material:
    """What metrics can read of one test sequence.

    Attributes:
        id: for messages.
        track: "video" or "mesh".
        domain: "photo" or "synthetic".
        height: pixels; 0 for meshes.
        width: pixels.
        signals: of the ground truth, by name; values are read only for mesh regions.
        predicted: signals that came with the prediction; None if a method renders it, which
            yields frames only.
        timed: whether the renderer is timed.

    """

    id: str
    track: str
    domain: str
    height: int
    width: int
    signals: Mapping[str, Any]
    predicted: Mapping[str, Any] | None
    timed: bool


@dataclass(frozen=True)
class Absence:
    """What a metric needs but this machine or a sequence lacks."""

    kind: str  # "package", "weights", "signal" or "size"
    names: tuple[str, ...]
    sentence: str

    def scores(self, spec: MetricSpec) -> dict[str, Score]:
        """The metric's columns, all *unavailable*."""
        names = map(metrics.installs, self.names) if self.kind == "package" else self.names
        details = {"absent": self.kind, "names": list(dict.fromkeys(names))}
        return {
            column.name: Score("unavailable", reason=self.sentence, details=details)
            for column in spec.columns
        }


def chosen_metrics(
    names: Sequence[str] | None, materials: Sequence[Material]
) -> tuple[list[MetricSpec], dict[str, Absence]]:
    """The metrics that can score every sequence, and the others with the reason.

    Args:
        names: named by the user; None for all that apply to the data.
        materials: one per test sequence and row.

    Raises:
        UnknownName: no such metric.
        BadInput: a metric was named that scores another kind of data.
        MissingSignal: a metric was named, but a signal is absent.
        Unavailable: a metric was asked for by name, and weights or a package are absent.

    """
    first = materials[0]
    if names is not None:
        wanted = [metrics.spec(name) for name in names]
        for spec in wanted:
            check_kind(spec, first)
    else:
        domains = {"any", *(material.domain for material in materials)}
        wanted = [
            spec
            for spec in metrics.specs().values()
            if spec.default
            and spec.track == first.track
            and spec.domain in domains
            and (first.timed or not spec.needs_timing)
            and (first.predicted is not None or not spec.predicted)
        ]
    usable, unavailable = [], {}
    for spec in wanted:
        absence = None
        missing = next((m for one in materials if (m := missing_signal(spec, one))), None)
        if missing is not None:
            if names is not None:
                raise missing
            absence = Absence("signal", (missing.signal,), str(missing))
        absence = absence or missing_means(spec)
        if absence is not None and names is not None:
            raise Unavailable(f"metric {spec.id!r}", absence.sentence.rstrip("."), "")
        if absence is None and names is None:
            absence = next((gap for one in materials if (gap := too_small(spec, one))), None)
        if absence is None:
            usable.append(spec)
        else:
            unavailable[spec.id] = absence
    return usable, unavailable


def check_kind(spec: MetricSpec, material: Material) -> None:
    """Refuse a metric of another kind of data.

    Raises:
        BadInput: it scores meshes but these are videos, or the like.

    """
    kinds = {"video": "videos", "mesh": "mesh sequences"}
    cure = "Leave it out of --metrics."
    if spec.track != material.track:
        if material.predicted is None:
            fact = f"it scores {kinds[spec.track]}, but methods render frames"
            raise BadInput(f"metric {spec.id}", fact, "Use `python -m harness score`.")
        fact = f"it scores {kinds[spec.track]}, but these are {kinds[material.track]}"
        raise BadInput(f"metric {spec.id}", fact, cure)
    if spec.needs_timing and not material.timed:
        raise BadInput(f"metric {spec.id}", "files hold no rendering speed", cure)
    if spec.predicted and material.predicted is None:
        fact = "it reads more of a prediction than frames, and methods render frames only"
        raise BadInput(f"metric {spec.id}", fact, "Use `python -m harness score`.")


def missing_signal(spec: MetricSpec, material: Material) -> MissingSignal | None:
    """The first signal that a metric needs and a sequence lacks."""
    for names, present, side in (
        (spec.signals, material.signals, "ground truth"),
        (spec.predicted, material.predicted or {}, "prediction"),
    ):
        for name in names:
            if name not in present:
                files = material.predicted is not None
                where = f"the {side} of {material.id}" if files else material.id
                return MissingSignal(name, where, f"metric {spec.id}", SIGNALS[name][1])
            region = spec.options.get("region")
            if name != "regions" or not region:
                continue
            value = present[name]
            if isinstance(value, MeshRegions) and region not in value.indices:
                cure = f"Name its vertex list with --region {region}=FILE."
                return MissingSignal(f"regions.{region}", material.id, f"metric {spec.id}", cure)
    return None


def missing_means(spec: MetricSpec) -> Absence | None:
    """Packages, then weights, that a metric needs and that are missing; None if all are present.

    Raises:
        BadInput: a weights file is present but its checksum is wrong.

    """
    packages = tuple(name for name in spec.packages if find_spec(name) is None)
    if packages:
        command = f"`pip install {' '.join(dict.fromkeys(map(metrics.installs, packages)))}`"
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


def too_small(spec: MetricSpec, material: Material) -> Absence | None:
    """Frames below the metric's smallest size; None if they are large enough."""
    if material.track == "mesh" or min(material.height, material.width) >= spec.min_side:
        return None
    limit = str(spec.min_side)
    size = f"{material.width}x{material.height}"
    sentence = f"metric {spec.id!r} needs frames of {limit} pixels, but these are {size}."
    return Absence("size", (limit,), sentence)
