"""A method that a user's checkout runs: fit = stage and train, render = run and collect."""

from __future__ import annotations

import abc
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

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
from methods.external import checks, process, staging
from methods.external.checkout import Adapter, Job, Step, version_of
from methods.external.environment import Environment
from methods.external.errors import NoOutput

_RECORD = "external.json"


class ExternalMethod(Method):
    """Drives a checkout. A subclass sets `adapter` and says how, in four methods.

    `prepare` lays out what the checkout reads, `train` and `rendering` list its commands, and
    `collect` names the silent video that it left. What it writes is composited by itself, so
    every frame comes with alpha 1.
    """

    adapter: ClassVar[Adapter]

    def prepare(self, sequence: Sequence, job: Job) -> None:
        """Lay out `job.data`; by default links to the prepared folder, but for its test frames."""
        staging.stage_recording(sequence, job.data)

    def train(self, job: Job) -> Iterable[Step]:
        """The commands of a training, in order; none for a method without training.

        A generator may look at what the commands before have left.
        """
        return []

    @abc.abstractmethod
    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """The commands that render a test."""

    @abc.abstractmethod
    def collect(self, job: Job, request: RenderRequest) -> Path:
        """The video that the commands of `rendering` left."""

    # --- the contract of a method

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Stage the recording and train; finished commands are not run again.

        Raises:
            Unavailable: no checkout, no interpreter, a script or weights missing, or its
                licence not accepted.
            BadInput: a recording that the checkout cannot read.
            CommandFailed: a command of the checkout failed.

        """
        sequence = training.only()
        environment = self.environment()
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
        job = self._job(workdir, record, environment, context.device)
        job.model.mkdir(parents=True, exist_ok=True)
        job.scratch.mkdir(parents=True, exist_ok=True)
        self.prepare(sequence, job)
        for step in self.train(job):
            self._once(step, job, environment, context, workdir)
        staging.write(workdir / _RECORD, json.dumps(record, indent=1, default=str))

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read what `fit` recorded; the checkout's own files are read by the checkout only."""
        self.workdir, self.device = Path(workdir), device
        self.record = json.loads((self.workdir / _RECORD).read_text("utf-8"))

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Run the checkout, then yield the frames of what it left.

        Raises:
            CommandFailed: a command of the checkout failed.
            BadOutput: what it left is not what was asked for (`NoOutput`, `WrongCount`,
                `WrongRate`, `WrongSize`); nothing is resampled, resized, padded or skipped.

        """
        environment = self.environment()
        job = self._job(self.workdir, self.record, environment, self.device)
        shutil.rmtree(job.scratch, ignore_errors=True)
        job.scratch.mkdir(parents=True)
        steps = self.rendering(job, request)
        # An older video must not be taken for what a failing command should have written.
        self.clear(job, request)
        for step in steps:
            self._run(step, job, environment, "render", self.workdir)
        path = self.collect(job, request)
        for frame in self.frames(job, path, request):
            with clock.stage("copy"):
                rgb = frame.astype(np.float32) / 255.0
                layer = RenderedFrame(rgb, np.ones(rgb.shape[:2], np.float32))
            yield layer

    # --- parts that a subclass may replace

    def environment(self) -> Environment:
        """The environment, checked to be complete (see `checks.ready`)."""
        return checks.ready(self.adapter)

    def check(self, sequence: Sequence) -> None:
        """Refuse a recording that the checkout cannot read, before anything is started."""
        checks.check_recording(self.adapter, sequence)

    def clear(self, job: Job, request: RenderRequest) -> None:
        """Delete what an earlier render left where `collect` looks."""
        with suppress(NoOutput):
            self.collect(job, request).unlink(missing_ok=True)

    def frames(self, job: Job, path: Path, request: RenderRequest) -> Iterator[np.ndarray]:
        """Frames of the video, checked against the request: uint8 [H,W,3], as many as asked for."""
        checks.check_video(self.adapter, path, request)
        return checks.frames_of(self.adapter, path, request.count)

    # --- inner parts

    def _job(
        self, workdir: Path, record: Mapping[str, Any], environment: Environment, device: str
    ) -> Job:
        base, name = Path(workdir).absolute(), record["sequence"]
        return Job(
            id=name,
            root=environment.root,
            source=Path(record["folder"]) if record["folder"] else None,
            data=base / "data" / name,
            model=base / "output" / name,
            scratch=base / "scratch",
            device=device,
            seed=record["seed"],
            config=record["config"],
        )

    def _once(
        self, step: Step, job: Job, environment: Environment, context: FitContext, workdir: Path
    ) -> None:
        """Run a training step, unless it ended well before with the same arguments."""
        relative = [a.replace(str(workdir.absolute()), ".") for a in step.arguments]
        said = hashlib.sha256(json.dumps(relative).encode()).hexdigest()
        done = workdir / "steps" / f"{step.name}.done"
        made = all((job.model / name).is_file() for name in step.makes)
        if made and done.is_file() and done.read_text() == said:
            return
        for name in step.makes:  # written along the way by a run that was stopped
            (job.model / name).unlink(missing_ok=True)
        self._run(step, job, environment, "train", workdir, context)
        for name in step.makes:
            if not (job.model / name).is_file():
                fact = f"the step {step.name} ended well and did not write it"
                raise NoOutput(self.adapter.spec.id, job.model / name, fact)
        staging.write(done, said)

    def _run(
        self,
        step: Step,
        job: Job,
        environment: Environment,
        kind: str,
        workdir: Path,
        context: FitContext | None = None,
    ) -> None:
        def on_line(line: str) -> None:
            if context and (steps := process.parse_bar(line)):
                context.progress(step.name, *steps)

        folders = [Path(workdir).absolute(), *([job.source] if job.source else [])]
        launch = environment.launch(step.arguments, folders, job.device, step.folder)
        process.run(
            f"{self.adapter.spec.id}: {step.name}",
            launch,
            cwd=step.folder or environment.root,
            log=Path(workdir) / "logs" / f"{step.name}.log",
            limit=environment.limits.get(kind, self.adapter.limits.get(kind)),
            on_line=on_line,
            free_bytes=round(self.adapter.free_gib * 2**30),
        )
