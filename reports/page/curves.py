"""Loss curves of the fits, as inline SVG in the page's own colours."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, Results
from harness.files.documents import parse_json
from harness.files.reading import read_text, reading

#: Size of a panel and of its margins, in pixels.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 260, 150, 44, 8, 20, 22

#: Points of a curve; more are not seen at this size.
POINTS = 120

#: Up to so many fits are drawn in full; of more, coarse means alone: the page stays small.
MANY, COARSE = 12, 40


def read_losses(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The steps and losses of each training stage in a `losses.jsonl`; none if it is damaged."""
    stages: dict[str, list[tuple[float, float]]] = {}
    try:
        for line in read_text(path, "record of losses").splitlines():
            entry = parse_json(line, path, finite=False)
            with reading(path, "record of losses"):
                if entry.get("loss") is not None:
                    pair = float(entry["step"]), float(entry["loss"])
                    stages.setdefault(str(entry["stage"]), []).append(pair)
    except BadInput:
        return {}
    return {
        name: (np.array([s for s, _ in pairs]), np.array([v for _, v in pairs]))
        for name, pairs in stages.items()
    }


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Moving average that keeps its length and shrinks its window at the ends."""
    sums = np.convolve(values, np.ones(width), "same")
    return sums / np.convolve(np.ones(len(values)), np.ones(width), "same")


def loss_curves(results: Results, folder: Path) -> list[dict[str, Any]]:
    """One picture for each fitted method and sequence: {label, panels}."""
    found: dict[Path, str] = {}
    for row in results.rows:
        for sequence, kinds in row.media.items():
            if "losses" in kinds:
                found.setdefault(folder / kinds["losses"], f"{row.method} on {sequence}")
    fits = {path: label for path, label in found.items() if path.is_file()}
    full = len(fits) <= MANY
    return [
        {"label": label, "panels": [panel(*stage, full) for stage in read_losses(path).items()]}
        for path, label in fits.items()
    ]


def panel(name: str, curve: tuple[np.ndarray, np.ndarray], full: bool = True) -> dict[str, Any]:
    """One stage: raw values pale, moving average dark, logarithmic; text goes by the template.

    Returns:
        {name, width, height, left, right, raw, mean, ticks, last}: points of two lines as SVG
        text, ticks of the losses as (y, text), and the last step.

    """
    steps, losses = curve
    known = np.isfinite(losses) & (losses > 0)
    steps, losses = steps[known], losses[known]
    shape = {"name": name, "width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT}
    if not len(losses):
        return {**shape, "raw": "", "mean": "", "ticks": [], "last": ""}
    low, high = float(losses.min()), float(losses.max())
    if high <= low * 1.01:
        low, high = low / 1.1, high * 1.1

    def x(step: float) -> float:
        span = max(float(steps[-1] - steps[0]), 1.0)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * float(step - steps[0]) / span, 1)

    def y(loss: float) -> float:
        part = (math.log(loss) - math.log(low)) / (math.log(high) - math.log(low))
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part, 1)

    picked = np.unique(np.linspace(0, len(losses) - 1, POINTS if full else COARSE).astype(int))
    mean = smooth(losses, max(1, len(losses) // 25))

    def line(values: np.ndarray) -> str:
        return " ".join(f"{x(steps[i])},{y(float(values[i]))}" for i in picked)

    return {
        **shape,
        "raw": line(losses) if full else "",
        "mean": line(mean),
        "ticks": [(y(value), f"{value:.2g}") for value in ticks(low, high)],
        "last": f"{steps[-1]:g}",
    }


def ticks(low: float, high: float) -> list[float]:
    """Round losses between two: powers of ten with 2 and 5, at most five of them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [m * 10.0**p for p in powers for m in (1, 2, 5) if low <= m * 10.0**p <= high]
    if len(found) > 5:
        found = [value for value in found if f"{value:e}".startswith("1")]
    return found or [low, high]
