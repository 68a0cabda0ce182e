"""Multi-scale SSIM in the conventions of its two common implementations."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, Column, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.common.numerics import mean_of_scored
from metrics.ssim import similarity, too_small

#: Exponents of the five scales, finest first (Wang et al. 2003).
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
#: Shortest side that each implementation accepts.
SMALLEST = {"ms_ssim/pytorch-msssim": 161, "ms_ssim/torchmetrics": 176}

SPECS = (
    MetricSpec(
        id="ms_ssim",
        title="MS-SSIM",
        entry="metrics.ms_ssim:MSSSIM",
        columns=(
            Column("ms_ssim/pytorch-msssim", "up", "", (0.0, 1.0), "product of five scales"),
            Column("ms_ssim/torchmetrics", "up", "", (0.0, 1.0), "the same, borders mirrored"),
        ),
        reference="Wang et al. 2003; pytorch-msssim 1.0 ms_ssim; torchmetrics 1.9 "
        "functional/image/ssim.py multiscale_structural_similarity_index_measure",
        formula="prod_{j<5} max(cs_j, 0)^w_j * max(ssim_5, 0)^w_5, each scale half the last, "
        "w = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333), 11x11 Gaussian",
        traps=(
            "The implementations differ by up to 3e-4: pytorch-msssim multiplies the scales of "
            "each channel and averages the products, torchmetrics averages the channels first; at "
            "the coarsest scale the former drops the borders, the latter mirrors them.",
            "At odd sizes pytorch-msssim pads with zeros before pooling, torchmetrics drops a "
            "line.",
            "Frames must be larger than 160 pixels (pytorch-msssim) or 175 (torchmetrics).",
        ),
        min_side=min(SMALLEST.values()),
    ),
)


class MSSSIM(Metric):
    """Multi-scale structural similarity of RGB frames; the finest scale is shared with SSIM."""

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        self._clip = clip
        side = min(clip.height, clip.width)
        self._scores: dict[str, list[np.ndarray]] = {
            name: [] for name, smallest in SMALLEST.items() if side >= smallest
        }

    def update(self, batch: FrameBatch) -> None:
        """Score the next frames."""
        if not self._scores or (found := similarity(batch)) is None:
            return
        from metrics.backbones.ms_ssim import coarser_scales

        padded, plain = coarser_scales(batch.prediction, batch.truth)
        weights = np.array(WEIGHTS)[:, None, None]
        for name, scores in self._scores.items():
            if name == "ms_ssim/pytorch-msssim":
                scales = np.concatenate([found.contrast[None], padded])  # [5,B,3]
            else:
                scales = np.concatenate([found.contrast[None], plain]).mean(-1, keepdims=True)
            scores.append((scales.clip(0) ** weights).prod(0).mean(-1))

    def compute(self) -> MetricResult:
        """Average the frames."""
        items = {name: np.concatenate([np.zeros(0), *s]) for name, s in self._scores.items()}
        items = {name: scores for name, scores in items.items() if len(scores)}
        return MetricResult(
            {name: mean_of_scored(items[name]) if name in items else None for name in SMALLEST},
            max((len(scores) for scores in items.values()), default=0),
            items=items,
            failures=[
                too_small(self._clip, side, name)
                for name, side in SMALLEST.items()
                if name not in items
            ],
            details={"scales": len(WEIGHTS), "weights": list(WEIGHTS), "window": 11, "sigma": 1.5},
        )
