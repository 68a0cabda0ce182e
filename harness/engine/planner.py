"""A plan: names, signals and weights checked, and every cell laid out, before any work starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contracts import (
    BadInput,
    MethodSpec,
    MetricSpec,
    MissingSignal,
    Sequence,
    SplitManifest,
)
from harness.engine.plan import Request, Work, cells_for, check_signals, drives_of, preset_of
from harness.engine.progress import watch
from harness.engine.requirements import Absence, missing_means, missing_signal, too_small
from methods import catalog as methods
from metrics import catalog as metrics
from splits import catalog as splits

#: Baselines that give every table its scale, from the ceiling down.
BASELINES = ("ground-truth", "still", "nearest-audio", "shuffled-audio")


@dataclass(frozen=True)
class Plan:
    """Everything to be done, checked before the first cell starts."""

    manifest: SplitManifest
    works: tuple[Work, ...]
    metrics: tuple[MetricSpec, ...]
    unavailable: dict[str, Absence]  # by metric id


def find_manifest(name: str) -> SplitManifest:
    """A registered split by name, or a prepared folder by path; loads no data."""
    folder = Path(name)
    if os.sep in name or folder.is_dir():
        from splits import er_nerf

        return er_nerf.manifest_of(folder)
    return splits.manifest(name)


def load_sequences(manifest: SplitManifest) -> list[Sequence]:
    """All recordings of a split; a synthetic one is generated on first use."""
    load = splits.loader(manifest)
    with watch(manifest.name) as progress:
        return [load(manifest, entry, progress) for entry in manifest.sequences]


def chosen_metrics(
    request: Request, manifest: SplitManifest
) -> tuple[list[MetricSpec], dict[str, Absence]]:
    """The metrics of a run, and those that cannot run here with the reason.

    Raises:
        BadInput: a metric was asked for that scores no frames, or needs more of a prediction.
    """
    if request.metrics is not None:
        wanted = [metrics.spec(name) for name in request.metrics]
        for spec in wanted:
            if spec.track != "video" or spec.predicted:
                fact = "it reads more of a prediction than its frames, and methods render frames"
                raise BadInput(f"metric {spec.id}", fact, "Use `python -m harness score`.")
    else:
        wanted = [
            spec
            for spec in metrics.specs().values()
            if spec.default
            and spec.track == "video"
            and not spec.predicted
            and spec.domain in ("any", manifest.domain)
        ]
    usable, unavailable = [], {}
    for spec in wanted:
        absence = missing_means(spec)
        if absence is None:
            usable.append(spec)
        else:
            unavailable[spec.id] = absence
    return usable, unavailable


def without_means(
    chosen: tuple[list[MetricSpec], dict[str, Absence]], sequences: list[Sequence]
) -> tuple[list[MetricSpec], dict[str, Absence]]:
    """Metrics that nobody asked for by name are *unavailable* where a recording lacks something.

    That is a signal, or pixels enough.
    """
    usable, unavailable = [], dict(chosen[1])
    for spec in chosen[0]:
        try:
            for sequence in sequences:
                check_signals(sequence, spec.signals, f"metric {spec.id}")
        except MissingSignal as error:
            unavailable[spec.id] = missing_signal(error)
            continue
        small = [gap for s in sequences if (gap := too_small(spec, s.height, s.width))]
        if small:
            unavailable[spec.id] = small[0]
        else:
            usable.append(spec)
    return usable, unavailable


def check_applies(request: Request, specs: list[MethodSpec]) -> None:
    """Refuse a preset or an override that nothing would read: baselines have neither.

    Raises:
        BadInput: no chosen method takes it, or it is of another type than in the presets.
    """
    takers = [spec for spec in specs if spec.role == "method"]
    for spec in takers:
        check_types(spec, request.overrides)
    if takers:
        return
    known = {name for spec in specs for name in spec.presets}
    cure = "Leave it out, or add a --method that has presets (see `list`)."
    if request.preset is not None and request.preset not in known:
        raise BadInput("--preset", f"no chosen method has a preset {request.preset!r}", cure)
    if request.overrides:
        keys = ", ".join(request.overrides)
        raise BadInput("--set", f"no chosen method has an option to set ({keys})", cure)


def check_types(spec: MethodSpec, overrides: Mapping[str, Any]) -> None:
    """Refuse an override of another type than the presets have; unknown names the method refuses.

    Raises:
        BadInput: text where a number stands, and the like.
    """
    for name, value in overrides.items():
        stands = [preset[name] for preset in spec.presets.values() if name in preset]
        kinds = {_kind(other) for other in stands}
        wider = kinds | ({"a whole number"} if "a number" in kinds else set())
        if stands and _kind(value) not in wider:
            raise BadInput(
                f"--set {name}",
                f"{value!r} is {_kind(value)}, and {' or '.join(sorted(kinds))} is expected",
                f"Write for example --set {name}={stands[0]}.",
            )


def _kind(value: Any) -> str:
    """The type of an option in plain words."""
    if isinstance(value, list | tuple) and value:
        return f"a list ({', '.join(sorted({_kind(entry) for entry in value}))})"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    names |= {list: "a list", tuple: "a list", dict: "a mapping", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)


def make_plan(request: Request) -> Plan:
    """Check names first, then load the split, check signals and lay out all cells."""
    names = list(dict.fromkeys(request.methods))
    if request.baselines:
        names += [name for name in BASELINES if name not in names]
    specs = [methods.spec(name) for name in names]
    check_applies(request, specs)
    for spec in specs:
        preset_of(spec, request.preset)
    for name in request.metrics or ():
        metrics.spec(name)
    manifest = find_manifest(request.split)
    chosen = chosen_metrics(request, manifest)
    sequences = load_sequences(manifest)
    if request.metrics is None:
        chosen = without_means(chosen, sequences)
    return lay_out(request, manifest, sequences, specs, *chosen)


def lay_out(
    request: Request,
    manifest: SplitManifest,
    sequences: list[Sequence],
    specs: list[MethodSpec],
    usable: list[MetricSpec],
    unavailable: dict[str, Absence],
) -> Plan:
    """All cells of a run, after checking that every declared signal is there."""
    works = []
    for sequence in sequences:
        for metric in usable:
            check_signals(sequence, metric.signals, f"metric {metric.id}")
        for spec in specs:
            check_signals(sequence, spec.signals, f"method {spec.id}")
            seeds = request.seeds if spec.role == "method" else request.seeds[:1]
            works += [
                cells_for(spec, drive, sequence, manifest, seed, request, usable)
                for seed in seeds
                for drive in drives_of(spec)
            ]
    return Plan(manifest, tuple(works), tuple(usable), unavailable)
