"""SSIM of the whole frame in the conventions that papers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import Clip, Column, Failure, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.common.numerics import mean_of_scored

if TYPE_CHECKING:
    from metrics.backbones.ssim import Similarity

#: Width of the Gaussian window: a frame must be at least as large.
WINDOW = 11

FORMULA = (
    "mean of (2 m_x m_y + C1)(2 c_xy + C2) / ((m_x^2 + m_y^2 + C1)(v_x + v_y + C2)), C1 = 0.01^2, "
    "C2 = 0.03^2, each RGB channel by itself in [0,1]"
)
_WINDOW_TRAPS = (
    "Window and border handling change the value: 0.748 (3dgs), 0.742 (torchmetrics) and 0.762 "
    "(skimage) on one noisy 512x512 pair.",
    "Grey frames give another value (0.843 for the same pair); here the three channels are "
    "averaged.",
)


SPECS = (
    MetricSpec(
        id="ssim",
        title="SSIM",
        entry="metrics.ssim:SSIM",
        columns=(
            Column("ssim/torchmetrics", "up", "", (-1.0, 1.0), "Gaussian 11x11, mirrored borders"),
            Column("ssim/3dgs", "up", "", (-1.0, 1.0), "Gaussian 11x11, zeros outside the frame"),
            Column("ssim/valid", "up", "", (-1.0, 1.0), "Gaussian 11x11, no 5-pixel border"),
            Column("ssim/skimage", "up", "", (-1.0, 1.0), "uniform 7x7, sample covariance"),
        ),
        reference="Wang et al. 2004; torchmetrics 1.9 functional/image/ssim.py; 3dgs: "
        "graphdeco-inria/gaussian-splatting utils/loss_utils.py; valid: pytorch-msssim 1.0 and "
        "skimage with gaussian_weights and population covariance; skimage: "
        "skimage.metrics.structural_similarity as it is by default (data_range 255)",
        formula=f"{FORMULA}; m, v, c: local means, variances, covariance under the window",
        traps=(
            *_WINDOW_TRAPS,
            "Some papers score aligned face crops (TalkingGaussian's authors, EAT), not frames.",
        ),
    ),
)


def similarity(batch: FrameBatch) -> Similarity | None:
    """All conventions of SSIM of a batch, once for all metrics; None where no window fits."""
    if min(batch.truth.shape[1:3]) < WINDOW:
        return None
    from metrics.backbones import ssim

    return batch.cache.get("ssim", lambda: ssim.similarity(batch.prediction, batch.truth))


def too_small(clip: Clip, side: int, what: str) -> Failure:
    """The failure of a sequence without frames, or with frames too small for `what`."""
    if not clip.count:
        return Failure("no_frames", "the sequence has no frames")
    size = f"{clip.width}x{clip.height}"
    return Failure("too_small", f"frames of {size} pixels; {what} needs at least {side}x{side}")


class SSIM(Metric):
    """Structural similarity of RGB frames, mean over places, channels and frames.

    Data range 1, K = (0.01, 0.03). The Gaussian columns have population covariance and differ
    only in what they do at the border; `ssim/skimage` has another window.
    """

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        self._clip = clip
        self._scores: dict[str, list[np.ndarray]] = {c.name: [] for c in self.spec.columns}

    def update(self, batch: FrameBatch) -> None:
        """Score the next frames."""
        found = similarity(batch)
        if found is None:
            return  # `compute` says so: no window fits
        for name, scores in self._scores.items():
            scores.append(found.means[name.partition("/")[2]])

    def compute(self) -> MetricResult:
        """Average the frames."""
        items = {name: np.concatenate([np.zeros(0), *s]) for name, s in self._scores.items()}
        n = len(items["ssim/torchmetrics"])
        return MetricResult(
            {name: mean_of_scored(scores) for name, scores in items.items()},
            n,
            items=items,
            failures=[] if n else [too_small(self._clip, WINDOW, "SSIM")],
            details={
                "gaussian": {"window": WINDOW, "sigma": 1.5, "covariance": "population"},
                "skimage": {"window": 7, "weights": "uniform", "covariance": "sample"},
                "k": [0.01, 0.03],
                "data_range": 1,
                "channels": "RGB, averaged",
            },
        )
