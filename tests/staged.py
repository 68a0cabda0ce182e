"""A method of two training stages and a grid over it, for tests of ablations."""

from __future__ import annotations

import numpy as np

from harness.ablation.grid import Grid
from harness.contracts import MethodSpec, RenderedFrame
from harness.engine.work.rendering import AU_ZEROED
from methods import catalog as methods


class Staged:
    """A method of two stages: `ground` depends on `base` alone, `lift` on both options."""

    trained: list[tuple[str, dict]] = []

    def fit(self, training, workdir, context):
        ground = {"base": context.options["base"]}
        value = self._stage("ground", ground, context, lambda: 10 * ground["base"])
        value += self._stage(
            "lift", dict(context.options), context, lambda: context.options["lift"]
        )
        (workdir / "model").write_text(str(value + context.seed))

    def _stage(self, name, inputs, context, train):
        found = context.stages.find(name, inputs) if context.stages else None
        if found:
            return int((found / "value").read_text())
        Staged.trained.append((name, inputs))
        value = train()
        if context.stages:
            with context.stages.keep(name, inputs) as folder:
                (folder / "value").write_text(str(value))
        return value

    def load(self, workdir, device="cpu"):
        self.value = int((workdir / "model").read_text())

    def render(self, request, clock=None):
        au = request.controls["au"].values if "au" in request.controls else None
        for t in range(request.count):
            level = self.value / 255 + (0 if au is None else float(au[t].sum()) / 50)
            grey = np.full((request.height, request.width, 3), level, np.float32)
            yield RenderedFrame(grey, np.ones(grey.shape[:2], np.float32))


SPEC = MethodSpec(
    id="staged",
    title="staged",
    paper="-",
    licence="-",
    entry=f"{__name__}:Staged",
    signals=("au",),
    drives=("audio+au", "audio"),
    presets={"quick": {"base": 4, "lift": 0}},
)

GRID_VALUES = {
    "id": "steps",
    "title": "Steps",
    "method": "staged",
    "reference": "low",
    "paper": {"source": "A paper", "note": "another protocol"},
    "rows": [
        {"name": "low", "paper": {"psnr": 20.0, "nowhere": 1.0}},
        {"name": "high", "set": {"lift": 60}, "paper": {"psnr": 23.5}, "note": "brighter"},
        {"name": "same", "set": {"lift": 0}},
        {"name": "other/base", "set": {"base": 9}},
        {"name": "zeroed", "drive": AU_ZEROED},
    ],
}
GRID = Grid.model_validate(GRID_VALUES)


def register(monkeypatch) -> None:
    """Make the method known for one test, with no training counted yet."""
    known = {**methods.specs(), "staged": SPEC}
    monkeypatch.setattr(methods, "specs", lambda: known)
    real = methods.build
    monkeypatch.setattr(methods, "build", lambda n: Staged() if n == "staged" else real(n))
    Staged.trained = []
