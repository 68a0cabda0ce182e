"""A method run by a user's checkout: fit links data and trains, render runs and collects."""

from __future__ import annotations

import abc
import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from harness.contracts import (
    NULL_CLOCK,
    FitContext,
    Method,
    RenderedFrame,
    RenderRequest,
    Sequence,
    StageClock,
    TrainingSet,
)
from harness.files.documents import read_object
from methods.baselines.layers import opaque
from methods.external import checks
from methods.external.errors import NoOutput
from methods.external.run import process, staging
from methods.external.run.checkout import Adapter, CheckoutJob, Step, version_of

_RECORD = "external.json"
#: Seconds for one command, unless the user's configuration has other limits.
LIMITS = {"train": 48 * 3600.0, "render": 6 * 3600.0}


class ExternalMethod(Method):
    """Runs a checkout. A subclass sets `adapter` and defines four methods.

    `prepare` lays out what the checkout reads, `train` and `rendering` list its commands, and
    `collect` names the silent video that it wrote. The checkout composites its own frames, so
    every frame has alpha 1.
    """

    adapter: ClassVar[Adapter]

    def prepare(self, sequence: Sequence, job: CheckoutJob) -> None:
        """Lay out `job.data`: by default links to the prepared folder without its test frames."""
        assert sequence.folder is not None
        staging.stage_sequence(sequence, job.data, but=(*self.adapter.hidden, "au.csv"))
        table = staging.read_au_csv(sequence.folder / "au.csv", self.adapter.units)
        staging.write_au_csv(table, job.data / "au.csv", self.adapter.spaces)

    def train(self, job: CheckoutJob) -> Iterable[Step]:
        """The commands of a training, in order; none for a method without training.

        A generator may read what the previous commands wrote.
        """
        return []

    @abc.abstractmethod
    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """The commands that render a test."""

    @abc.abstractmethod
    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The video that the commands of `rendering` wrote."""

    # --- the contract of a method

    def check_available(self) -> None:
        """Refuse a method whose checkout is missing or incomplete.

        Raises:
            Unavailable: see `checks.ready`.
            BadInput: the configuration cannot be read.

        """
        checks.ready(self.adapter)

    def check_sequences(self, sequences: list[Sequence]) -> None:
        """Refuse sequences that the checkout cannot read, by `check`.

        Raises:
            BadInput: see `checks.check_sequence`.

        """
        for sequence in sequences:
            self.check(sequence)

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Link the data and train; finished commands are not repeated.

        Raises:
            Unavailable: see `check_available`.
            BadInput: see `check_sequences`; or an option that the adapter does not have.
            CommandFailed: a command of the checkout failed.

        """
        sequence = training.only()
        environment = checks.ready(self.adapter)
        self.check(sequence)
        checks.check_config(self.adapter.spec, context.options)
        record = {
            "sequence": re.sub(r"[^A-Za-z0-9_-]", "_", sequence.id),
            "folder": str(sequence.folder.resolve()) if sequence.folder else "",
            "fps": sequence.fps,
            "train": len(sequence.frames),
            "seed": context.seed,
            "config": dict(context.options),
            "checkout": version_of(environment.root),
        }
        job = CheckoutJob(record, Path(workdir).absolute(), environment, context.device)
        job.model.mkdir(parents=True, exist_ok=True)
        job.scratch.mkdir(parents=True, exist_ok=True)
        self.prepare(sequence, job)
        for step in self.train(job):
            self._once(step, job, context)
        staging.write(workdir / _RECORD, json.dumps(record, indent=1, default=str))

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read what `fit` recorded; the checkout's own files are read by the checkout only."""
        self.workdir, self.device = Path(workdir).absolute(), device
        self.record = read_object(self.workdir / _RECORD, "Fit the method again.")

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Run the checkout, then yield the frames of the video that it wrote.

        Raises:
            CommandFailed: a command of the checkout failed.
            BadOutput: the video is not the requested one (`NoOutput`, `WrongCount`,
                `WrongRate`, `WrongSize`); nothing is resampled, resized, padded or skipped.

        """
        environment = checks.ready(self.adapter)
        job = CheckoutJob(self.record, self.workdir, environment, self.device)
        with (self.workdir / _RECORD).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # all renders of a fit use the same folders
            shutil.rmtree(job.scratch, ignore_errors=True)
            job.scratch.mkdir(parents=True)
            steps = self.rendering(job, request)
            # An older video must not be mistaken for what a failing command should have written.
            self.clear(job, request)
            for step in steps:
                self._run(step, job)
            path = self.collect(job, request)
            for frame in self.frames(job, path, request):
                with clock.stage("copy"):
                    layer = opaque(frame)
                yield layer

    # --- parts that a subclass may replace

    def check(self, sequence: Sequence) -> None:
        """Refuse a sequence that the checkout cannot read, whole or its training part."""
        checks.check_sequence(self.adapter, sequence)

    def clear(self, job: CheckoutJob, request: RenderRequest) -> None:
        """Delete what an earlier render wrote where `collect` looks."""
        with suppress(NoOutput):
            self.collect(job, request).unlink(missing_ok=True)

    def frames(self, job: CheckoutJob, path: Path, request: RenderRequest) -> Iterator[np.ndarray]:
        """Frames of the video, checked against the request: `request.count` uint8 [H,W,3]."""
        return checks.frames_of(self.adapter.spec.id, path, request, self.adapter.surplus)

    # --- inner parts

    def _once(self, step: Step, job: CheckoutJob, context: FitContext) -> None:
        """Run a training step, unless it was finished before with the same arguments."""
        relative = [argument.replace(str(job.workdir), ".") for argument in step.arguments]
        digest = hashlib.sha256(json.dumps(relative).encode()).hexdigest()
        done = job.workdir / "steps" / f"{step.name}.done"
        made = all((job.model / name).is_file() for name in step.makes)
        if made and done.is_file() and done.read_text() == digest:
            return
        for name in step.makes:  # written by a run that was stopped
            (job.model / name).unlink(missing_ok=True)
        self._run(step, job, context)
        for name in step.makes:
            if not (job.model / name).is_file():
                fact = f"the step {step.name!r} succeeded but did not write it"
                raise NoOutput(self.adapter.spec.id, job.model / name, fact)
        staging.write(done, digest)

    def _run(self, step: Step, job: CheckoutJob, context: FitContext | None = None) -> None:
        """Run a command of a fit, or without its context one of a render."""

        def on_line(line: str) -> None:
            if context and (steps := process.parse_bar(line)):
                context.progress(step.name, *steps)

        kind: Literal["train", "render"] = "train" if context else "render"
        given = job.record["folder"]
        folders = [job.workdir, Path(given)] if given else [job.workdir]
        launch = job.environment.launch(step.arguments, folders, job.device, step.folder)
        process.run(
            f"{self.adapter.spec.id}: {step.name}",
            launch,
            cwd=step.folder or job.root,
            log=job.workdir / "logs" / f"{step.name}.log",
            limit=job.environment.limits.get(kind) or LIMITS[kind],
            on_line=on_line,
            free_bytes=round(self.adapter.free_gib * 2**30),
        )
