"""A scoring job: everything opened, paired, settled and checked before the first frame."""

from __future__ import annotations

import hashlib
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts import (
    SIGNALS,
    BadInput,
    Clip,
    MetricSpec,
    MissingSignal,
    Progress,
)
from harness.engine import closure
from harness.engine.alignment.labels import Label, read_labels
from harness.engine.alignment.meshes import open_mesh
from harness.engine.alignment.opened import Take, kind_of, open_take
from harness.engine.alignment.pairing import Pair, pairs
from harness.engine.alignment.remedies import Remedies, Settled, settle
from harness.engine.alignment.sidecars import with_sidecars
from harness.engine.requirements import Absence, missing_means, too_small
from harness.engine.requirements import missing_signal as absent_signal
from harness.engine.store import Cell, canonical_json
from harness.weights import digests
from metrics import catalog as metrics

#: Our own code between a file and a score.
MACHINE = (
    "harness.engine.alignment",
    "harness.engine.scoring",
    "harness.media.video",
    "harness.media.audio",
)

#: The row that compares the truth with itself.
ORACLE = "ground-truth"


@dataclass(frozen=True)
class Request:
    """What the user asked for, with every default made explicit."""

    predictions: Mapping[str, Path]  # row name -> file or folder
    truth: Path
    metrics: tuple[str, ...] | None = None
    remedies: Remedies = field(default_factory=Remedies)
    fps: float | None = None
    domain: str | None = None
    drive: str = ""
    device: str = "cpu"
    with_truth: bool = False
    labels: Path | None = None
    common: Mapping[str, Any] = field(default_factory=dict)  # template and regions of meshes


@dataclass(frozen=True)
class Item:
    """One recording of one row: both sides, settled, and a cell for every metric."""

    row: str
    name: str
    sides: Settled
    clip: Clip
    cells: tuple[tuple[MetricSpec, Cell], ...]


@dataclass(frozen=True)
class Plan:
    """The job."""

    request: Request
    items: tuple[Item, ...]
    metrics: tuple[MetricSpec, ...]
    unavailable: dict[str, Absence]  # by metric id
    labels: dict[str, Label]

    @property
    def key(self) -> str:
        """Hash of all cells: equal keys mean the same results."""
        keys = [cell.key for item in self.items for _, cell in item.cells]
        rows = [(item.row, item.name) for item in self.items]
        text = canonical_json([keys, rows, sorted(self.unavailable), self.request.drive])
        return hashlib.sha256(text.encode()).hexdigest()


def make_plan(request: Request, progress: Progress) -> Plan:
    """Open and check everything.

    Raises:
        BadInput: a file cannot be used, names have no partner, or sides differ in a way that
            no declared remedy settles.
        UnknownName: no such metric.
        MissingSignal: a metric that was asked for by name needs a signal that is absent.

    """
    for name in request.metrics or ():
        metrics.spec(name)
    rows = {name: pairs(path, request.truth) for name, path in request.predictions.items()}
    names = [pair.name for pair in next(iter(rows.values()))]
    labels = read_labels(request.labels, names) if request.labels else {}
    if request.with_truth:
        if ORACLE in rows:
            raise BadInput("--pred", f"a row is called {ORACLE!r} already", "Use another name.")
        first = next(iter(rows.values()))
        rows[ORACLE] = [Pair(pair.name, pair.truth, pair.truth) for pair in first]
    opened: list[tuple[str, str, Settled, Clip]] = []
    truths: dict[Path, Take] = {}
    total = sum(len(row) for row in rows.values())
    for row, its_pairs in rows.items():
        for pair in its_pairs:
            if pair.truth not in truths:
                truths[pair.truth] = _open(pair.name, pair.truth, request)
            prediction = (
                truths[pair.truth]
                if pair.prediction == pair.truth
                else _open(pair.name, pair.prediction, request)
            )
            sides = settle(prediction, truths[pair.truth], request.remedies)
            opened.append((row, pair.name, sides, clip_of(row, pair.name, sides, request, labels)))
            progress("check", len(opened), total)
    usable, unavailable = chosen_metrics(request, [clip for *_, clip in opened])
    items = tuple(
        Item(row, name, sides, clip, cells_for(clip, sides, labels.get(name), usable, request))
        for row, name, sides, clip in opened
    )
    return Plan(request, items, tuple(usable), unavailable, labels)


def _open(name: str, path: Path, request: Request) -> Take:
    if kind_of(path) == "mesh":
        template = request.common.get("template")
        return open_mesh(name, path, request.fps, None if template is None else len(template))
    return with_sidecars(open_take(name, path, request.fps))


def clip_of(
    row: str, name: str, sides: Settled, request: Request, labels: Mapping[str, Label]
) -> Clip:
    """The pair as a metric sees it."""
    truth = sides.truth
    common = {key: value for key, value in request.common.items() if key != "digest"}
    signals: Mapping[str, Any] = ChainMap(dict(common), truth.signals)
    if name in labels and (track := labels[name].track(truth.count)) is not None:
        signals = ChainMap({"emotion": track, **common}, truth.signals)
    return Clip(
        id=f"{row}/{name}",
        fps=float(truth.fps),
        count=truth.count,
        height=truth.height,
        width=truth.width,
        audio=sides.audio,
        domain=request.domain or truth.domain or "photo",
        signals=signals,
        predicted=sides.prediction.signals,
    )


def missing_signal(spec: MetricSpec, clip: Clip) -> MissingSignal | None:
    """The first signal that a metric needs and a clip lacks."""
    for names, present, side in (
        (spec.signals, clip.signals, "truth"),
        (spec.predicted, clip.predicted, "prediction"),
    ):
        for name in names:
            listed = present["regions"].indices if name == "regions" and name in present else ()
            region = spec.options.get("region")
            if name in present and name == "regions" and region and region not in listed:
                cure = f"Name its vertex list with --region {region}=FILE."
                return MissingSignal(f"regions.{region}", clip.id, f"metric {spec.id}", cure)
            if name not in present:
                where = f"the {side} of {clip.id}"
                return MissingSignal(name, where, f"metric {spec.id}", SIGNALS[name][1])
    return None


def chosen_metrics(
    request: Request, clips: list[Clip]
) -> tuple[list[MetricSpec], dict[str, Absence]]:
    """The metrics that can score every clip, and the others with the reason.

    Without a list of names these are all that suit the domain and the kind of the clips.

    Raises:
        MissingSignal: a metric was asked for by name, and a signal is absent.
        BadInput: a metric was asked for by name that reads what no file holds.

    """
    track = "mesh" if clips[0].height == 0 else "video"
    domains = {"any", *(clip.domain for clip in clips)}
    if request.metrics is not None:
        wanted = [metrics.spec(name) for name in request.metrics]
    else:
        wanted = [spec for spec in metrics.specs().values() if spec.default]
        wanted = [s for s in wanted if s.track == track and s.domain in domains and s.id != "fps"]
    usable, unavailable = [], {}
    for spec in wanted:
        if spec.track != track or spec.id == "fps":
            kinds = {"video": "videos", "mesh": "mesh sequences"}
            fact = (
                "the speed of a renderer is in no file"
                if spec.id == "fps"
                else (f"it scores {kinds[spec.track]}, and these are {kinds[track]}")
            )
            raise BadInput(f"metric {spec.id}", fact, "Leave it out of --metrics.")
        absent = next((m for clip in clips if (m := missing_signal(spec, clip))), None)
        if absent is not None and request.metrics is not None:
            raise absent
        absence = absent_signal(absent) if absent else missing_means(spec)
        if absence is None and track == "video" and request.metrics is None:
            gaps = [gap for c in clips if (gap := too_small(spec, c.height, c.width))]
            absence = gaps[0] if gaps else None
        if absence is None:
            usable.append(spec)
        else:
            unavailable[spec.id] = absence
    return usable, unavailable


def cells_for(
    clip: Clip,
    sides: Settled,
    label: Label | None,
    specs: list[MetricSpec],
    request: Request,
) -> tuple[tuple[MetricSpec, Cell], ...]:
    """A cell for every metric, keyed by all that determines its outcome."""
    shared = {
        "prediction": sides.prediction.digest,
        "truth": sides.truth.digest,
        "notes": sides.notes,
        "fps": str(sides.truth.fps),
        "common": request.common.get("digest", ""),
        "label": repr(label),
        "domain": clip.domain,
        "machine": closure.digest(*MACHINE),
    }
    cells = []
    for spec in specs:
        inputs = {
            **shared,
            "metric": spec.id,
            "options": dict(spec.options),
            "code": closure.digest(spec.entry),
            "weights": digests(spec.weights),
        }
        cells.append((spec, Cell("score", f"{clip.id} · {spec.id}", inputs)))
    return tuple(cells)
