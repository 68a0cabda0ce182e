"""PSNR of the whole frame, pooled over the clip, and of the head region alone."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, Column, Failure, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.numerics import mean_of_scored
from metrics.regions import head_masks

#: Identical frames have no PSNR. They are given this value and counted, so that a mean exists.
CAP_DB = 100.0

SPECS = (
    MetricSpec(
        id="psnr",
        title="PSNR",
        entry="metrics.psnr:PSNR",
        columns=(
            Column("psnr", "up", "dB", (0.0, CAP_DB), "whole frame, mean of the frames' PSNR"),
            Column("psnr/pooled", "up", "dB", (0.0, CAP_DB), "whole frame, PSNR of the mean MSE"),
            Column("psnr/head", "up", "dB", (0.0, CAP_DB), "head region, mean of the frames' PSNR"),
        ),
        reference="TalkingGaussian metrics.py (mean of frames); torchmetrics (pooled)",
        signals=("masks",),
        code=("metrics.regions", "metrics.numerics"),
    ),
)


def psnr_of_mse(mse: np.ndarray) -> np.ndarray:
    """PSNR in dB of mean squared errors, NaN where the error is NaN.

    Args:
        mse: float [...], in squared 8-bit levels (peak 255).

    Returns:
        float64 [...], at most `CAP_DB`; an error of zero gives `CAP_DB`.

    """
    mse = np.asarray(mse, np.float64)
    with np.errstate(divide="ignore"):
        return np.minimum(10.0 * np.log10(255.0**2 / mse), CAP_DB)


def frame_mse(
    prediction: np.ndarray, truth: np.ndarray, masks: np.ndarray | None = None
) -> np.ndarray:
    """Mean squared error of each frame, over the mask's area where a mask is given.

    Args:
        prediction: uint8 [B,H,W,3].
        truth: uint8 [B,H,W,3].
        masks: bool [B,H,W] or None for the whole frame.

    Returns:
        float64 [B] in squared 8-bit levels; NaN where a mask is empty.

    """
    squared = np.square(prediction.astype(np.int32) - truth).sum(-1)
    if masks is None:
        return squared.mean((1, 2)) / 3.0
    area = masks.sum((1, 2)) * 3.0
    error = np.where(masks, squared, 0).sum((1, 2))
    return np.divide(error, area, out=np.full(len(area), np.nan), where=area > 0)


class PSNR(Metric):
    """Peak signal-to-noise ratio of 8-bit frames (peak 255), in three conventions."""

    pooling = "mean of clips; psnr/pooled: mean MSE of all frames"

    def begin(self, clip: Clip) -> None:
        """Start a clip."""
        self._clip = clip
        self._whole: list[np.ndarray] = []
        self._head: list[np.ndarray] = []

    def update(self, batch: FrameBatch) -> None:
        """Add the squared errors of the next frames."""
        self._whole.append(frame_mse(batch.prediction, batch.truth))
        masks = head_masks(self._clip, batch.frames)
        if masks is not None:
            self._head.append(frame_mse(batch.prediction, batch.truth, masks))

    def compute(self) -> MetricResult:
        """Score the clip from the errors of its frames."""
        whole = np.concatenate(self._whole) if self._whole else np.zeros(0)
        head = np.concatenate(self._head) if self._head else np.full(len(whole), np.nan)
        return self.score(whole, head, has_masks=bool(self._head))

    @staticmethod
    def score(whole: np.ndarray, head: np.ndarray, has_masks: bool = True) -> MetricResult:
        """Score a clip from per-frame errors.

        Args:
            whole: float64 [T], mean squared error of the frame in squared 8-bit levels.
            head: float64 [T], the same over the head mask; NaN where the mask is empty.
            has_masks: whether the clip had masks at all.

        """
        if not len(whole):
            failure = Failure("no_frames", "the clip has no frames")
            return MetricResult(
                {"psnr": None, "psnr/pooled": None, "psnr/head": None}, 0, failures=[failure]
            )
        items = {"psnr": psnr_of_mse(whole), "psnr/head": psnr_of_mse(head)}
        failures = [
            Failure("empty_mask", "the head mask of this frame is empty", int(t))
            for t in np.flatnonzero(np.isnan(head))
            if has_masks
        ]
        if not has_masks:
            failures.append(Failure("no_masks", "the truth has no masks, so no head region"))
        identical = int((whole == 0).sum())
        warnings = []
        if identical:
            warnings.append(
                f"{identical} of {len(whole)} frames equal the truth exactly; "
                f"each counts as {CAP_DB:g} dB"
            )
        values = {
            "psnr": float(items["psnr"].mean()),
            "psnr/pooled": float(psnr_of_mse(whole.mean())),
            "psnr/head": mean_of_scored(items["psnr/head"]),
        }
        return MetricResult(
            values,
            len(whole),
            items=items,
            failures=failures,
            warnings=warnings,
            details={"peak": 255, "cap_db": CAP_DB, "identical_frames": identical},
            features={"mse": whole},
        )

    def pool(self, results: list[MetricResult]) -> dict[str, float | None]:
        """Mean over clips; `psnr/pooled` from the errors of all frames of all clips."""
        pooled = super().pool(results)
        errors = [r.features["mse"] for r in results if "mse" in r.features]
        if errors:
            pooled["psnr/pooled"] = float(psnr_of_mse(np.concatenate(errors).mean()))
        return pooled
