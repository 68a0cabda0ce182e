"""From a request to cells: what would have to be done, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.contracts import BadInput, MethodSpec, MetricSpec, Sequence, SplitManifest, UnknownName
from harness.contracts.errors import MissingSignal
from harness.contracts.signals import SIGNALS
from harness.engine import closure
from harness.engine.provenance import cpu_name
from harness.engine.store import Cell
from harness.weights import digests

#: The control for sync metrics: the right sound, shifted by half of the test part.
SHUFFLED = "shuffled-audio"

#: A control for `audio+au`: the test's action units, all set to zero.
AU_ZEROED = "audio+au-zeroed"

#: Our own code that turns a method's output into frames and scores. How results are written
#: down decides no cell.
MACHINE = (
    "harness.contracts.method",
    "harness.contracts.metric",
    "harness.contracts.sequence",
    "harness.contracts.signals",
    "harness.engine.actions",
    "harness.engine.archive",
)


@dataclass(frozen=True)
class Request:
    """What the user asked for, with every default made explicit."""

    methods: tuple[str, ...]
    split: str
    seeds: tuple[int, ...] = (0,)
    preset: str | None = None
    device: str = "cpu"
    metrics: tuple[str, ...] | None = None
    baselines: bool = True
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """All cells of one method, drive, sequence and seed, in the order of their work."""

    method: MethodSpec
    drive: str
    sequence: Sequence
    seed: int
    preset: str
    config: Mapping[str, Any]
    truth: Cell
    fit: Cell
    render: Cell
    time: Cell | None  # None for oracles and what is not `timed`: their speed means nothing
    scores: tuple[tuple[MetricSpec, Cell], ...]
    variant: str = ""  # row of an ablation; tells rows of one method apart

    @property
    def name(self) -> str:
        """What the row is called: the method's id, and the variant where there is one."""
        return f"{self.method.id}: {self.variant}" if self.variant else self.method.id


def drives_of(spec: MethodSpec) -> tuple[str, ...]:
    """Drives of a method in a run: its own, and the shuffled control for real methods."""
    if spec.role != "method":
        return spec.drives[:1]
    return (*spec.drives, SHUFFLED) if spec.takes_sound else spec.drives


def preset_of(spec: MethodSpec, wanted: str | None) -> str:
    """The preset to use; baselines that know only one keep it.

    Raises:
        UnknownName: the method has presets, but not this one.
    """
    if wanted is None or spec.role != "method":
        return spec.default_preset
    if wanted not in spec.presets:
        raise UnknownName(f"preset of {spec.id}", wanted, spec.presets)
    return wanted


def check_signals(sequence: Sequence, names: tuple[str, ...], needed_by: str) -> None:
    """Refuse before any work starts when a declared signal is absent."""
    for name in names:
        if not sequence.has(name):
            raise MissingSignal(name, sequence.id, needed_by, SIGNALS[name][1])


def cells_for(
    spec: MethodSpec,
    drive: str,
    sequence: Sequence,
    manifest: SplitManifest,
    seed: int,
    request: Request,
    metrics: list[MetricSpec],
) -> Work:
    """The cells of one method on one sequence under one drive."""
    if sequence.test.start < sequence.train.stop and sequence.train.start < sequence.test.stop:
        raise BadInput(sequence.id, "train and test overlap", "Correct the split's train rule.")
    preset = preset_of(spec, request.preset)
    config = {**spec.presets[preset], **(request.overrides if spec.role == "method" else {})}
    device = "cuda" if request.device.startswith("cuda") else "cpu"
    label = f"{spec.id} · {sequence.id} · seed {seed}"
    data = {"split": manifest.name, "sequence": sequence.id, "digest": sequence.digest}
    truth = Cell(
        "truth",
        f"truth · {sequence.id}",
        {
            **data,
            "test": [sequence.test.start, sequence.test.stop],
            "code": closure.digest(*MACHINE),
        },
    )
    fit = Cell(
        "fit",
        label,
        {
            **data,
            "train": [sequence.train.start, sequence.train.stop],
            "method": spec.id,
            "config": config,
            "seed": seed,
            "device": device,
            "code": closure.digest(spec.entry),
        },
    )
    protocol = {
        "drive": drive,
        "composite": manifest.composite,
        "machine": closure.digest(*MACHINE),
    }
    render = Cell("render", f"{label} · {drive}", {"fit": fit.key, "truth": truth.key, **protocol})
    time = None
    if spec.timed and spec.role != "oracle" and drive == spec.drives[0]:
        inputs = {"fit": fit.key, "cpu": cpu_name(), **protocol, "device": request.device}
        clock = closure.digest("harness.engine.timing")
        time = Cell("time", f"{label} · timing", {**inputs, "clock": clock})
    scores = []
    for metric in metrics:
        needs_time = metric.id == "fps"
        if needs_time and time is None:
            continue
        inputs = {
            "render": render.key,
            "metric": metric.id,
            "machine": closure.digest("harness.engine.scoring"),
            "options": dict(metric.options),
            "code": closure.digest(metric.entry),
            "weights": digests(metric.weights),
            "time": time.key if needs_time and time else None,
        }
        scores.append((metric, Cell("score", f"{label} · {drive} · {metric.id}", inputs)))
    return Work(
        spec, drive, sequence, seed, preset, config, truth, fit, render, time, tuple(scores)
    )
