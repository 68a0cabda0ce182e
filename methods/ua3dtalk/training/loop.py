"""Run a stage step by step: resume, log, checkpoint.

Every random draw of step i comes from (seed, stage, i) alone. A checkpoint therefore holds
no random state, and a fit that was killed ends with the very numbers of one that was not.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import torch

from harness.contracts import BadInput, Progress
from harness.files.tensors import read_tensors
from methods.ua3dtalk.checkpoint import CURE, write_lines, write_tensors

STAGES = ("face", "mouth", "fuse")
#: Rows of the record per stage: enough for a curve, few enough for a page.
LOG_ROWS = 200


class Draws:
    """Random numbers that depend on the seed, the stage and the step alone."""

    def __init__(self, seed: int, stage: str) -> None:
        self._key = (seed, STAGES.index(stage))
        self.generator = torch.Generator()

    def at(self, i: int) -> np.random.Generator:
        """Numbers for step i; the torch generator is set for it, too."""
        rng = np.random.default_rng((*self._key, i))
        self.generator.manual_seed(int(rng.integers(2**62)))
        return rng


class Stage(Protocol):
    """A part of the training: `face`, `mouth` or `fuse`."""

    name: ClassVar[str]
    iterations: int

    def step(self, i: int) -> dict[str, Any]:
        """Do iteration i (from 1). `loss` and `psnr` are tensors or callables, read if logged."""

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, as tensors and plain values."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""


def run_stage(
    stage: Stage, folder: Path, fingerprint: str, checkpoint_every: int, progress: Progress
) -> list[dict[str, Any]]:
    """Run a stage to its end, from its last checkpoint where there is one.

    Args:
        stage: what to run; holds its result afterwards.
        folder: receives `{stage}.pt`, the checkpoint.
        fingerprint: what decides the outcome; a checkpoint of another one is refused.
        checkpoint_every: steps between checkpoints.
        progress: called at every logged step.

    Returns:
        The record: rows with stage, step, loss, psnr and seconds.

    Raises:
        BadInput: the checkpoint is damaged or belongs to other settings.

    """
    path, done, rows, before = folder / f"{stage.name}.pt", 0, [], 0.0
    if path.is_file():
        saved = read_tensors(path, CURE)
        if saved["fingerprint"] != fingerprint:
            raise BadInput(path, "it belongs to a fit with other settings or other data", CURE)
        stage.restore(saved["state"])
        done, rows, before = saved["step"], saved["rows"], saved["seconds"]
    log_every = max(1, stage.iterations // LOG_ROWS)
    started = time.perf_counter()

    def spent() -> float:
        return before + time.perf_counter() - started

    for i in range(done + 1, stage.iterations + 1):
        values = stage.step(i)
        if i % log_every == 0 or i == stage.iterations:
            row = {k: float(v() if callable(v) else v) for k, v in values.items()}
            if not np.isfinite(row["loss"]):
                raise BadInput(
                    stage.name,
                    f"the loss is {row['loss']} at step {i}",
                    "Lower the learning rates, or report the problem together with the video.",
                )
            rows.append({"stage": stage.name, "step": i, **row, "seconds": round(spent(), 2)})
            progress(stage.name, i, stage.iterations, **row)
        if i % checkpoint_every == 0 or i == stage.iterations:
            write_tensors(
                path,
                {
                    "fingerprint": fingerprint,
                    "step": i,
                    "rows": rows,
                    "seconds": spent(),
                    "state": stage.state(),
                },
            )
            write_lines(folder / f"{stage.name}.jsonl", rows)
    return rows
