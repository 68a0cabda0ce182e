"""PSNR of the whole frame: mean over frames, and of the mean squared error of all frames."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, Column, Failure, FrameBatch, Metric, MetricResult, MetricSpec

#: Identical frames have no PSNR. They are given this value and counted, so that a mean exists.
CAP_DB = 100.0
#: Pixels of the strips in which errors are squared: small enough for the processor's cache.
STRIP = 2**15

FORMULA = "10 log10(255^2 / MSE), MSE over pixels and the three channels in 8-bit levels"
TRAPS = (
    f"Identical frames have infinite PSNR: here they score {CAP_DB:g} dB and are counted; other "
    "code drops them or returns infinity.",
    "Frames decoded from H.264 inflate or cap the value (about 42 dB on natural images); here "
    "both sides are lossless.",
)


SPECS = (
    MetricSpec(
        id="psnr",
        title="PSNR",
        entry="metrics.psnr:PSNR",
        columns=(
            Column("psnr", "up", "dB", (0.0, CAP_DB), "whole frame, mean of the frames' PSNR"),
            Column(
                "psnr/pooled",
                "up",
                "dB",
                (0.0, CAP_DB),
                "whole frame, PSNR of the mean MSE",
                "of the pooled features",
            ),
        ),
        reference="TalkingGaussian metrics.py (mean of frames); torchmetrics (pooled)",
        formula=f"psnr: mean over frames of {FORMULA}; psnr/pooled: the same of the mean MSE",
        traps=(
            "The mean of the frames' PSNR is at least the PSNR of the mean MSE; the two differ "
            "by many dB where frames differ in quality.",
            "Methods that paste the ground truth's torso and background score higher than on the "
            "head alone.",
            *TRAPS,
        ),
    ),
)


def psnr_of_mse(mse: np.ndarray) -> np.ndarray:
    """PSNR in dB, at most `CAP_DB`, of mean squared errors float [...] in 8-bit levels (peak 255).

    An error of zero gives `CAP_DB`; where the error is NaN, so is the PSNR.
    """
    mse = np.asarray(mse, np.float64)
    with np.errstate(divide="ignore"):
        return np.minimum(10.0 * np.log10(255.0**2 / mse), CAP_DB)


def squared_error(batch: FrameBatch) -> np.ndarray:
    """Squared error of every pixel, summed over channels: int32 [B,H,W]; once per batch."""

    def measure() -> np.ndarray:
        errors = np.empty(batch.truth.shape[:3], np.int32)
        rows = max(1, STRIP // batch.truth.shape[2])
        for frame, predicted, true in zip(errors, batch.prediction, batch.truth, strict=True):
            for start in range(0, len(frame), rows):
                strip = slice(start, start + rows)
                difference = np.subtract(predicted[strip], true[strip], dtype=np.int32)
                np.einsum("hwc,hwc->hw", difference, difference, out=frame[strip])
        return errors

    return batch.cache.get("psnr/squared_error", measure)


class PSNR(Metric):
    """Peak signal-to-noise ratio of 8-bit frames (peak 255), averaged in two ways."""

    pooling = "mean of sequences; psnr/pooled: mean MSE of all frames"

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        self._errors: list[np.ndarray] = []

    def update(self, batch: FrameBatch) -> None:
        """Add the squared errors of the next frames."""
        self._errors.append(squared_error(batch).mean((1, 2)) / 3.0)

    def compute(self) -> MetricResult:
        """Score the sequence from the errors of its frames."""
        return self.score(np.concatenate(self._errors) if self._errors else np.zeros(0))

    @staticmethod
    def score(mse: np.ndarray) -> MetricResult:
        """The result of the frames' mean squared errors, float64 [T], in 8-bit levels."""
        if not len(mse):
            failure = Failure("no_frames", "the sequence has no frames")
            return MetricResult({"psnr": None, "psnr/pooled": None}, 0, failures=[failure])
        scores = psnr_of_mse(mse)
        identical = int((mse == 0).sum())
        return MetricResult(
            {"psnr": float(scores.mean()), "psnr/pooled": float(psnr_of_mse(mse.mean()))},
            len(mse),
            items={"psnr": scores},
            warnings=identical_warning(identical, len(mse), "frames"),
            details={"peak": 255, "cap_db": CAP_DB, "identical_frames": identical},
            features={"mse": mse},
        )

    def pool(self, results: list[MetricResult]) -> dict[str, float | None]:
        """Mean over sequences; `psnr/pooled` from the errors of all frames of all sequences."""
        pooled = super().pool(results)
        errors = [r.features["mse"] for r in results if "mse" in r.features]
        if errors:
            pooled["psnr/pooled"] = float(psnr_of_mse(np.concatenate(errors).mean()))
        return pooled


def identical_warning(identical: int, count: int, what: str) -> list[str]:
    """A warning that some of `count` frames or regions have no error at all; [] where none."""
    if not identical:
        return []
    fact = f"{identical} of {count} {what} are identical to the ground truth"
    return [f"{fact}; each counts as {CAP_DB:g} dB"]
