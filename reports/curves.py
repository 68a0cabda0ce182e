"""Loss curves of the fits, as inline SVG."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import Results


def read_losses(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per training stage the steps and losses of a `losses.jsonl`."""
    stages: dict[str, list[tuple[float, float]]] = {}
    for line in path.read_text("utf-8").splitlines():
        entry: dict[str, Any] = json.loads(line)
        if entry.get("loss") is not None:
            stages.setdefault(entry["stage"], []).append((entry["step"], entry["loss"]))
    return {
        name: (np.array([s for s, _ in pairs]), np.array([v for _, v in pairs]))
        for name, pairs in stages.items()
    }


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Moving average that keeps its length and shrinks its window at the ends."""
    sums = np.convolve(values, np.ones(width), "same")
    return sums / np.convolve(np.ones(len(values)), np.ones(width), "same")


def loss_curves(results: Results, folder: Path) -> list[dict[str, str]]:
    """One picture a fitted method and recording: {label, svg}."""
    found: dict[Path, str] = {}
    for row in results.rows:
        for sequence, kinds in row.media.items():
            if "losses" in kinds:
                found.setdefault(folder / kinds["losses"], f"{row.method} on {sequence}")
    return [
        {"label": label, "svg": draw(read_losses(path))}
        for path, label in found.items()
        if path.is_file()
    ]


def draw(stages: dict[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """One panel a stage: raw values pale, moving average dark, logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.0 * max(len(stages), 1), 2.2), layout="constrained")
    axes = figure.subplots(1, max(len(stages), 1), squeeze=False)[0]
    for axis, (name, (steps, losses)) in zip(axes, stages.items(), strict=False):
        axis.plot(steps, losses, color="#9db4c8", linewidth=0.7)
        width = max(1, len(losses) // 25)
        axis.plot(steps, smooth(losses, width), color="#1f4e79", linewidth=1.4)
        axis.set_yscale("log")
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("iteration", fontsize=8)
        axis.tick_params(labelsize=7, which="both")
        axis.spines[["top", "right"]].set_visible(False)
    if stages:
        axes[0].set_ylabel("loss", fontsize=8)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]
