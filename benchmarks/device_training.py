"""A training of UA-3DTalk as `benchmarks/device_check.py` measures it: options, course, figures."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import torch

from harness import weights
from harness.contracts import FitContext, Sequence, TrainingSet
from methods import catalog
from methods.ua3dtalk.spec import SPEC
from methods.ua3dtalk.training.loop import STAGES
from methods.ua3dtalk.training.perceptual import TRUNK, PatchPerceptual
from methods.ua3dtalk.training.schedule import schedule_of

Values = dict[str, Any]

#: Rows of a curve in the report.
CURVE_ROWS = 10
#: Of the face, Gaussians at the end over those at the start: outside of this the density control
#: has emptied the scene, has done nothing, or has exploded.
GROWTH = (0.02, 40.0)


def options_of(small: bool, iterations: tuple[int, int, int], **changed: Any) -> Values:
    """The preset `paper` with these iterations; its priors keep their sizes, with few steps.

    Args:
        small: take the preset `quick` instead, to try this script on a CPU.
        iterations: of face, mouth and fuse.
        changed: further options.

    """
    few = 2 if small else 40
    steps = {f"{stage}_iterations": count for stage, count in zip(STAGES, iterations, strict=True)}
    priors = {"priors": {"style_steps": few, "emotion_steps": few}}
    return {**SPEC.presets["quick" if small else "paper"], **steps, **priors, **changed}


def gaussians_of(count: int) -> Values:
    """Options for this many Gaussians at the start, four fifths of them in the face."""
    face = count * 4 // 5
    limits = {"face_max_gaussians": 2 * face, "mouth_max_gaussians": 2 * (count - face)}
    return {"face_gaussians": face, "mouth_gaussians": count - face, **limits}


def course_options(small: bool) -> Values:
    """The preset `paper` through all its phases, in 1,500 iterations by the published rules."""
    if not small:
        return options_of(False, (900, 400, 200))
    # So few steps see a change only where it is looked for often and found easily.
    often = {"densify_every": 5, "face_densify_threshold": 1e-5, "perceptual": True}
    return options_of(True, (60, 60, 8), **gaussians_of(200), **often)


def phases(stage: str, iterations: int) -> dict[str, range]:
    """The steps of a stage that cost alike, by name; empty ones are left out.

    Before the warm-up ends no field takes part. Then one member of each ensemble does, and from
    the switch on all of them; LPIPS joins last. In the fuse stage all members take part at once.
    """
    plan = schedule_of(stage, iterations)
    last = plan.at(plan.perceptual)
    if stage == "fuse":
        found = {"before LPIPS": range(1, last + 1)}
    else:
        warm, switch = plan.at(plan.warm_up), plan.at(plan.stage_switch)
        found = {
            "warm-up": range(1, warm),
            "one member": range(warm, switch + 1),
            "all members": range(switch + 1, last + 1),
        }
    found["LPIPS"] = range(last + 1, iterations + 1)
    return {name: steps for name, steps in found.items() if steps}


class Course:
    """A fit's progress: when each reported step was done, and with what values."""

    def __init__(self) -> None:
        self.reports: dict[str, list[tuple[float, int, Mapping[str, float]]]] = {}
        self.totals: dict[str, int] = {}

    def __call__(self, stage: str, done: int, total: int, **values: float) -> None:
        """Note that `done` of `total` steps of `stage` were done."""
        self.totals[stage] = total
        self.reports.setdefault(stage, []).append((time.perf_counter(), done, values))

    def rates(self, stage: str) -> dict[str, float | None]:
        """Steps a second in each phase, from its first report to its last; None with fewer."""
        found = {}
        for name, steps in phases(stage, self.totals[stage]).items():
            seen = [(when, done) for when, done, _ in self.reports[stage] if done in steps]
            (start, first), (end, last) = (seen[0], seen[-1]) if seen else ((0, 0), (0, 0))
            found[name] = round((last - first) / (end - start), 2) if end > start else None
        return found

    def curve(self, stage: str, name: str) -> list[tuple[int, float]]:
        """Some steps of a stage and a value at each, from the first report to the last."""
        reports = self.reports[stage]
        places = np.linspace(0, len(reports) - 1, min(CURVE_ROWS, len(reports))).astype(int)
        return [(reports[k][1], round(reports[k][2][name], 5)) for k in places]

    def summary(self) -> Values:
        """Figures of the three stages, for the report."""
        return {
            stage: {
                "steps": self.totals[stage],
                "steps_per_second": self.rates(stage),
                "loss": self.curve(stage, "loss"),
                "gaussians": self.curve(stage, "gaussians"),
            }
            for stage in STAGES
        }


@contextmanager
def seeded_trunk() -> Iterator[None]:
    """LPIPS finds an AlexNet of seeded random weights: its values mean nothing, its cost is true.

    The file is read as the published one is, which may be absent here.
    """
    with TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        state = PatchPerceptual().features.state_dict()
        path = Path(folder) / "seeded.pth"
        torch.save({f"features.{name}": value for name, value in state.items()}, path)
        entry = weights.WeightEntry(TRUNK, path.name, "made here")
        known = {**weights.registry(), TRUNK: entry}
        places = os.pathsep.join(filter(None, (folder, os.environ.get("HARNESS_WEIGHTS"))))
        with (
            mock.patch.object(weights, "registry", return_value=known),
            mock.patch.dict(os.environ, HARNESS_WEIGHTS=places),
        ):
            yield


def trained(
    given: Sequence, options: Values, device: str, peak_memory: Callable[[str], float]
) -> Values:
    """Train on a sequence and return what it took.

    Args:
        given: the sequence.
        options: of the fit.
        device: `cuda` or `cpu`.
        peak_memory: of the device, in MiB.

    Raises:
        SystemExit: LPIPS took no part, or the number of the face's Gaussians stayed the same,
            fell to almost none or exploded.

    """
    course = Course()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    with TemporaryDirectory() as folder, seeded_trunk():
        context = FitContext(options, device, 0, course)
        catalog.build(SPEC.id).fit(TrainingSet.of(given), Path(folder), context)
        record = json.loads((Path(folder) / "fit.json").read_text("utf-8"))
    found = {
        "iterations": sum(course.totals[stage] for stage in STAGES),
        "seconds": round(time.perf_counter() - start, 2),
        "stages": course.summary(),
        "gaussians": record["gaussians"],
        "perceptual_loss": record["perceptual_loss"],
        "peak_memory_MiB": peak_memory(device),
    }
    growth = record["gaussians"]["face"] / options["face_gaussians"]
    if TRUNK not in record["perceptual_loss"] or growth == 1 or not GROWTH[0] < growth < GROWTH[1]:
        raise SystemExit(f"this is no course of the published rules: {json.dumps(found)}")
    return found
