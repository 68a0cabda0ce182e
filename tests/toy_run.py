"""Runs of registered methods on the toy sequence, for tests of the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.contracts import MethodSpec, RenderedFrame
from harness.engine.execution import Engine
from harness.engine.planning import check_rows, plan_on
from harness.engine.request import MethodRow, Request, SplitData
from harness.engine.split_data import SplitSequences
from methods import catalog as methods
from tests import toy


def load(manifest, entry, progress):
    """The toy sequence under the entry's name, subject and role."""
    options = dict(entry.options)
    found = toy.sequence(id=entry.id, subject=entry.subject, **options)
    whole = range(len(found.frames))
    parts = {"train": (whole, range(0)), "test": (range(0), whole)}
    train, test = parts.get(entry.role, (found.train, found.test))
    return replace(found, train=train, test=test)


def plan_of(names=("ground-truth", "still"), metric_ids=("psnr", "ssim"), manifest=None, **changes):
    """A plan over the toy split; `changes` are fields of every `MethodRow`."""
    rows = tuple(MethodRow(name, **changes) for name in names)
    specs = [methods.spec(name) for name in names]
    check_rows(rows, specs)
    data = SplitSequences(manifest or toy.manifest(), load=load)
    return plan_on(data, rows, specs, Request(rows, SplitData("toy"), tuple(metric_ids)))


def run(out, *args, fresh=False, engine=None, **changes):
    """Run such a plan: (engine, results)."""
    engine = engine or Engine(out)
    return engine, engine.run(plan_of(*args, **changes), fresh)


class Grey:
    """A method that renders grey heads and keeps what it was fitted on."""

    fits: list[tuple[str, ...]] = []

    def fit(self, training, workdir, context):
        type(self).fits.append(tuple(one.id for one in training))
        (workdir / "model").write_text("fitted")

    def load(self, workdir, device="cpu"):
        assert (workdir / "model").read_text() == "fitted"

    def render(self, request, clock=None):
        assert request.truth is None
        for _ in range(request.count):
            grey = np.full((request.height, request.width, 3), 0.5, np.float32)
            yield RenderedFrame(grey, np.ones(grey.shape[:2], np.float32))


class Broken(Grey):
    """A method whose render raises in the middle."""

    def render(self, request, clock=None):
        yield RenderedFrame(np.zeros((24, 24, 3), np.float32), np.zeros((24, 24), np.float32))
        raise RuntimeError("out of ideas")


def register(monkeypatch, name, cls, **facts):
    """Make a method known for one test, with no fit counted yet."""
    defaults = {
        "title": name,
        "paper": "-",
        "licence": "-",
        "entry": f"{cls.__module__}:{cls.__name__}",
    }
    spec = MethodSpec(**{"id": name, **defaults, **facts})
    known = {**methods.specs(), name: spec}
    monkeypatch.setattr(methods, "specs", lambda: known)
    real = methods.build
    monkeypatch.setattr(methods, "build", lambda wanted: cls() if wanted == name else real(wanted))
    cls.fits = []
    return spec
