"""Jobs of methods on the test sequences of a split: truth, fit, render, time, score."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.contracts import (
    SIGNALS,
    BadInput,
    FitContext,
    MethodSpec,
    MetricSpec,
    MissingSignal,
    Progress,
    Sequence,
    SplitManifest,
    TrainingSet,
)
from harness.engine.cells import archive, closure
from harness.engine.cells.keys import metric_inputs
from harness.engine.cells.locks import held
from harness.engine.cells.stage_cache import SharedStages
from harness.engine.cells.store import Cell, Store
from harness.engine.jobs import (
    Batches,
    CellUnit,
    Entry,
    Job,
    RowFacts,
    Runtime,
    ScoreUnit,
    SequenceFacts,
)
from harness.engine.method_rows import drives_of, name_of, options_of, preset_of
from harness.engine.outlook.efforts import MethodEffort
from harness.engine.provenance import cpu_name
from harness.engine.request import TRAINING_FRAMES, MethodRow
from harness.engine.requirements import Absence
from harness.engine.split_data import SplitSequences
from harness.engine.work import rendering, scoring, timing
from harness.weights import cache_dir
from methods import catalog as methods

#: Seconds that a renderer waits to be timed; timing one takes a minute or two.
TIMING_WAIT = 1800.0


@dataclass(frozen=True)
class Scoring:
    """The metrics of a table, and those that cannot run, with the reason."""

    metrics: tuple[MetricSpec, ...]
    unavailable: Mapping[str, Absence]


def training_of(spec: MethodSpec, data: SplitSequences, sequence: Sequence) -> list[Sequence]:
    """The sequences whose training parts a fit for a test sequence learns from.

    Raises:
        BadInput: there is nothing to learn from.

    """
    if spec.scope == "nothing":
        return []
    if spec.scope == "sequence":
        found = [sequence] if len(sequence.train) else []
    else:
        subject = sequence.subject if spec.scope == "subject" else None
        found = [one for one in data.training(subject) if len(one.train)]
    if not found:
        fact = f"{spec.id} learns from one {spec.scope} and there is no training part for it"
        cure = "Use a split that trains on a part of each sequence, or another method."
        raise BadInput(f"sequence {sequence.id}", fact, cure)
    return found


def check_signals(sequence: Sequence, names: tuple[str, ...], needed_by: str) -> None:
    """Refuse before any work starts if a declared signal is absent."""
    for name in names:
        if not sequence.has(name):
            raise MissingSignal(name, sequence.id, needed_by, SIGNALS[name][1])


def check_can_run(specs: list[MethodSpec], data: SplitSequences) -> None:
    """Refuse before any work starts what would only fail after hours.

    Raises:
        BadInput: train and test overlap; a sequence that a method cannot use.
        MissingSignal: a signal that a method declares is absent.
        Unavailable: a method lacks its checkout, licence or package.

    """
    for sequence in data.tests:
        train, test = sequence.train, sequence.test
        if test.start < train.stop and train.start < test.stop:
            raise BadInput(sequence.id, "train and test overlap", "Correct the split's train rule.")
    for spec in specs:
        learned = {one.id: one for test in data.tests for one in training_of(spec, data, test)}
        for sequence in {**learned, **{one.id: one for one in data.tests}}.values():
            check_signals(sequence, spec.signals, f"method {spec.id}")
        method = methods.build(spec.id)
        if check := getattr(method, "check_available", None):
            check()
        if check := getattr(method, "check_sequences", None):
            check(list({**learned, **{one.id: one for one in data.tests}}.values()))


def jobs_for(
    row: MethodRow, place: int, data: SplitSequences, chosen: Scoring, device: str
) -> list[Job]:
    """All jobs of one requested row: every seed and drive on every test sequence."""
    spec = methods.spec(row.method)
    seeds = row.seeds if spec.role == "method" else row.seeds[:1]
    drives = row.drives or drives_of(spec)
    return [
        job_of(spec, row, drive, place + index, data, number, seed, chosen, device)
        for number in range(len(data.tests))
        for seed in seeds
        for index, drive in enumerate(drives)
    ]


def job_of(
    spec: MethodSpec,
    row: MethodRow,
    drive: str,
    place: int,
    data: SplitSequences,
    number: int,
    seed: int,
    chosen: Scoring,
    device: str,
) -> Job:
    """One method on one test sequence with one driving signal and seed."""
    sequence, manifest = data.tests[number], data.manifest
    options = options_of(spec, row)
    kind = "cuda" if device.startswith("cuda") else "cpu"
    subject = sequence.id if spec.scope == "sequence" else sequence.subject
    label = f"{name_of(spec, row)} · {subject} · seed {seed}"
    loader = data.loader_code

    def content(one: Sequence, part: range) -> list[Any]:
        return [one.id, one.subject, one.digest, part.start, part.stop, one.emotion, one.intensity]

    truth = Cell(
        "truth",
        f"truth · {sequence.id}",
        {
            "test": content(sequence, sequence.test),
            "loader": loader,
            "code": closure.digest("harness.engine.cells.archive"),
        },
    )
    sources = training_of(spec, data, sequence)
    fit = Cell(
        "fit",
        label,
        {
            "training": [content(one, one.train) for one in sources],
            "loader": loader,
            "method": spec.id,
            "options": options,
            "seed": seed,
            "device": kind,
            "code": closure.digest(spec.entry),
            **files_of(spec, options),
        },
    )
    protocol = {"drive": drive, "composite": manifest.composite, "role": spec.role}
    shown = f"{label} · {sequence.id} · {drive}" if subject != sequence.id else f"{label} · {drive}"
    render = Cell(
        "render",
        shown,
        {
            "fit": fit.key,
            "truth": truth.key,
            **protocol,
            "code": closure.digest("harness.engine.work.rendering"),
        },
    )
    effort = MethodEffort(spec, options, sequence)
    units: list[CellUnit | ScoreUnit] = [
        CellUnit(truth, partial(_archive_truth, sequence), effort.of_truth()),
        CellUnit(
            fit,
            partial(_fit, spec, fit, sources, options, seed),
            effort.of_fit(sum(len(one.train) for one in sources)),
            resumes=True,
        ),
        CellUnit(
            render,
            partial(_render, spec, fit, truth, sequence, drive),
            effort.of_render(),
            (truth, fit),
        ),
    ]
    clock = None
    if spec.timed and spec.role != "oracle" and drive == spec.drives[0]:
        inputs = {"fit": fit.key, "truth": truth.key, **protocol, "cpu": cpu_name()}
        code = closure.digest("harness.engine.work.timing", "harness.engine.work.rendering")
        clock = Cell("time", f"{shown} · timing", {**inputs, "device": device, "code": code})
        work = partial(_time, spec, fit, sequence, drive)
        units.append(CellUnit(clock, work, effort.of_time(), (fit, render)))
    scores = _scores(chosen.metrics, shown, render, clock)
    for timed in (False, True):
        some = tuple(pair for pair in scores if pair[0].needs_timing == timed)
        if some:
            needs = (truth, render, *((clock,) if timed and clock else ()))
            opened = partial(_open, render, truth, clock if timed else None)
            lock = f"{render.key}-{'speed' if timed else 'scores'}"
            title = f"{shown} · {len(some)} metrics"
            units.append(ScoreUnit(title, lock, some, opened, effort.of_score(timed), needs))
    entry = Entry(
        row=RowFacts(
            name_of(spec, row),
            spec.title,
            spec.role,
            drive,
            preset_of(spec, row.preset),
            dict(row.options) if spec.role == "method" else {},
            place,
        ),
        sequence=SequenceFacts(
            sequence.id,
            sequence.subject,
            sequence.emotion,
            sequence.intensity,
            sequence.fps,
            sequence.height,
            sequence.width,
            len(sequence.test),
            data.place(sequence),
        ),
        seed=seed,
        cells={unit.cell.kind: unit.cell.key for unit in units if isinstance(unit, CellUnit)},
        scores={metric.id: cell.key for metric, cell in scores},
        unavailable={name: asdict(absence) for name, absence in chosen.unavailable.items()},
        protocol={**facts_of(manifest, data.limit), "device": device},
    )
    return Job(entry, tuple(units))


def files_of(spec: MethodSpec, options: Mapping[str, Any]) -> dict[str, Any]:
    """Digests of the files that a method's options name, for the key of the fit; empty if none."""
    read = getattr(methods.build(spec.id), "files_of", None)
    return {"files": read(options)} if read else {}


def facts_of(manifest: SplitManifest, limit: int | None) -> dict[str, Any]:
    """What a split contributes to the protocol of a row."""
    few = {} if limit is None else {"limit": limit, "train_limit": limit * TRAINING_FRAMES}
    return {
        "fps": manifest.fps,
        "composite": manifest.composite,
        "train_fraction": manifest.train_fraction,
        **few,
    }


def _scores(
    specs: tuple[MetricSpec, ...], label: str, render: Cell, clock: Cell | None
) -> list[tuple[MetricSpec, Cell]]:
    code = closure.digest("harness.engine.work.scoring")
    found = []
    for spec in specs:
        if spec.needs_timing and clock is None:
            continue  # the speed of an oracle means nothing
        inputs: dict[str, Any] = {"render": render.key, **metric_inputs(spec), "scoring": code}
        if spec.needs_timing and clock is not None:
            inputs["time"] = clock.key
        found.append((spec, Cell("score", f"{label} · {spec.id}", inputs)))
    return found


def _archive_truth(
    sequence: Sequence, runtime: Runtime, folder: Path, record: dict[str, Any], progress: Progress
) -> None:
    record["meta"] = archive.write_truth(folder, sequence.part(sequence.test))


def _fit(
    spec: MethodSpec,
    cell: Cell,
    sources: list[Sequence],
    options: Mapping[str, Any],
    seed: int,
    runtime: Runtime,
    folder: Path,
    record: dict[str, Any],
    progress: Progress,
) -> None:
    """Fit to the training parts, which are all that the method receives."""
    shared = SharedStages(runtime.store, cell) if runtime.share_stages else None
    context = FitContext(options, runtime.device, seed, progress, shared)
    start = time.perf_counter()
    methods.build(spec.id).fit(TrainingSet.of(*sources), folder, context)
    record["seconds"] = time.perf_counter() - start
    record["peak_memory_mb"] = peak_memory_mb(runtime.device)
    if shared:
        record["stages"] = {"trained": shared.trained, "reused": shared.reused}
        # The cost of a fit on its own: sharing must not make a row look cheap.
        record["seconds_alone"] = record["seconds"] + shared.saved
        runtime.count_stages(len(shared.trained), len(shared.reused))


def peak_memory_mb(device: str) -> float:
    """Peak memory so far: of the device on CUDA, of this process otherwise."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _render(
    spec: MethodSpec,
    fit: Cell,
    truth: Cell,
    sequence: Sequence,
    drive: str,
    runtime: Runtime,
    folder: Path,
    record: dict[str, Any],
    progress: Progress,
) -> None:
    method, place = runtime.method(spec.id, fit), runtime.store.path(truth)
    rendering.render(method, spec, sequence, drive, folder, record, place, progress)


def _time(
    spec: MethodSpec,
    fit: Cell,
    sequence: Sequence,
    drive: str,
    runtime: Runtime,
    folder: Path,
    record: dict[str, Any],
    progress: Progress,
) -> None:
    """Only one process of this user measures speed at a time; others wait."""
    method, request = runtime.method(spec.id, fit), rendering.request_for(spec, sequence, drive)
    with held(cache_dir() / "timing.lock", "it is timing a renderer", TIMING_WAIT):
        record["timing"] = timing.measure_speed(method, request, runtime.device, folder)


def _open(render: Cell, truth: Cell, clock: Cell | None, store: Store) -> tuple[Any, Batches]:
    record = store.record(clock)["timing"] if clock else None
    places = store.path(render), store.path(truth)
    return (
        scoring.rendered_clip(*places, record),
        () if clock else scoring.rendered_frames(*places),
    )
