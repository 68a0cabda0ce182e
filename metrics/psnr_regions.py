"""PSNR of regions of the true frame."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, FrameBatch, MetricResult, MetricSpec
from metrics.common import regions
from metrics.common.regions import RegionMetric, region_spec
from metrics.psnr import CAP_DB, FORMULA, TRAPS, identical_warning, psnr_of_mse, squared_error


def _spec(source: str, metric_id: str, title: str) -> MetricSpec:
    return region_spec(
        source,
        Column("psnr/", "up", "dB", (0.0, CAP_DB), "{} region, mean of the frames' PSNR"),
        id=metric_id,
        title=title,
        entry="metrics.psnr_regions:RegionPSNR",
        reference="PSNR of TalkingGaussian metrics.py, restricted to a region of the true frame",
        formula=f"mean over frames of {FORMULA} of the region",
        traps=(*regions.TRAPS[source], *TRAPS),
    )


SPECS = (
    _spec("masks", "psnr/regions", "PSNR of head, face and mouth"),
    _spec("mp478", "psnr/mp478", "PSNR of face and mouth (MediaPipe regions)"),
)


class RegionPSNR(RegionMetric):
    """PSNR of regions of the true frame; pixels outside a region do not matter."""

    def score_map(self, batch: FrameBatch) -> np.ndarray:
        """Squared error of every pixel, summed over channels [B,H,W]."""
        return squared_error(batch)

    def score_of(self, means: np.ndarray) -> np.ndarray:
        """PSNR of mean squared errors of pixels."""
        return psnr_of_mse(means / 3.0)

    def compute(self) -> MetricResult:
        """Average the frames; regions without any error are counted."""
        result = super().compute()
        identical = {n: int((scores == CAP_DB).sum()) for n, scores in result.items.items()}
        for name, count in identical.items():
            scored = result.details["frames"][name]
            result.warnings += identical_warning(count, scored, f"regions of {name}")
        result.details |= {"peak": 255, "cap_db": CAP_DB, "identical_regions": identical}
        return result
