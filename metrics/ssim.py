"""SSIM with the Gaussian 11x11 window, of the whole frame and of the head region."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, Column, Failure, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.numerics import mean_of_scored
from metrics.regions import head_masks

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
BORDER = WINDOW // 2

SPECS = (
    MetricSpec(
        id="ssim",
        title="SSIM",
        entry="metrics.ssim:SSIM",
        columns=(
            Column("ssim/torchmetrics", "up", "", (-1.0, 1.0), "whole frame, Gaussian 11x11"),
            Column("ssim/valid", "up", "", (-1.0, 1.0), "the same without the 5-pixel border"),
            Column("ssim/head", "up", "", (-1.0, 1.0), "the same map, averaged over the head"),
        ),
        reference="Wang et al. 2004; torchmetrics 1.9 functional/image/ssim.py (mirrored borders); "
        "ssim/valid: pytorch-msssim, skimage (gaussian_weights, population covariance)",
        signals=("masks",),
        code=("metrics.regions", "metrics.numerics"),
    ),
)


def gaussian_window() -> np.ndarray:
    """The normalised 1-D window, float64 [11]."""
    x = np.arange(WINDOW, dtype=np.float64) - BORDER
    window = np.exp(-(x**2) / (2.0 * SIGMA**2))
    return window / window.sum()


def ssim_map(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """SSIM at every pixel, mean of the three channels; borders are mirrored about the edge pixel.

    Args:
        prediction: uint8 [H,W,3], H and W at least 11.
        truth: uint8 [H,W,3].

    Returns:
        float64 [H,W]. Its mean is torchmetrics' SSIM; the mean of its part at least 5 pixels
        from every border, where no mirroring was needed, is that of pytorch-msssim and skimage.

    """
    from scipy.ndimage import correlate1d

    window = gaussian_window()

    def blur(image: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(image, window, 0, mode="mirror"), window, 1, mode="mirror")

    x, y = prediction / 255.0, truth / 255.0
    mean_x, mean_y = blur(x), blur(y)
    var_x, var_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    cov = blur(x * y) - mean_x * mean_y
    c1, c2 = K1**2, K2**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return (luminance * (2 * cov + c2) / (var_x + var_y + c2)).mean(-1)


class SSIM(Metric):
    """Structural similarity of RGB frames, mean over places, channels and frames.

    Data range 1, K = (0.01, 0.03), population covariance. The published values are not
    comparable across conventions of the border, so both stand in columns of their own.
    """

    def begin(self, clip: Clip) -> None:
        """Start a clip."""
        self._clip = clip
        self._scores: dict[str, list[float]] = {c.name: [] for c in self.spec.columns}

    def update(self, batch: FrameBatch) -> None:
        """Score the next frames."""
        if min(batch.truth.shape[1:3]) < WINDOW:
            return  # `compute` says so: no window fits
        masks = head_masks(self._clip, batch.frames)
        for i in range(len(batch.truth)):
            values = ssim_map(batch.prediction[i], batch.truth[i])
            head = values[masks[i]] if masks is not None else values[:0]
            self._scores["ssim/torchmetrics"].append(float(values.mean()))
            self._scores["ssim/valid"].append(float(values[BORDER:-BORDER, BORDER:-BORDER].mean()))
            self._scores["ssim/head"].append(float(head.mean()) if head.size else np.nan)

    def compute(self) -> MetricResult:
        """Average the frames."""
        items = {name: np.array(scores) for name, scores in self._scores.items()}
        n = len(items["ssim/head"])
        unmasked = np.flatnonzero(np.isnan(items["ssim/head"]))
        failures = []
        if not n:
            failures.append(
                Failure("no_frames", f"the clip has no frame of at least {WINDOW}x{WINDOW} pixels")
            )
        elif self._clip.signals.get("masks") is None:
            failures.append(Failure("no_masks", "the truth has no masks, so no head region"))
        else:
            failures += [
                Failure("empty_mask", "the head mask of this frame is empty", int(t))
                for t in unmasked
            ]
        return MetricResult(
            {name: mean_of_scored(scores) for name, scores in items.items()},
            n,
            items=items,
            failures=failures,
            details={"window": WINDOW, "sigma": SIGMA, "k": [K1, K2], "data_range": 1},
        )
