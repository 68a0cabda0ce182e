"""SSIM of regions of the true frame."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, Failure, FrameBatch, MetricSpec
from metrics.common import regions
from metrics.common.regions import RegionMetric, region_spec
from metrics.ssim import FORMULA, WINDOW, similarity, too_small


def _spec(source: str, metric_id: str, title: str) -> MetricSpec:
    return region_spec(
        source,
        Column("ssim/", "up", "", (-1.0, 1.0), "map of ssim/torchmetrics, averaged over the {}"),
        id=metric_id,
        title=title,
        entry="metrics.ssim_regions:RegionSSIM",
        reference="torchmetrics 1.9 functional/image/ssim.py (return_full_image), averaged over "
        "a region of the true frame",
        formula=f"{FORMULA}; Gaussian 11x11 window (sigma 1.5), mean over the region",
        traps=(
            "The window extends five pixels beyond the region, so pixels there have a small "
            "influence.",
            *regions.TRAPS[source],
        ),
    )


SPECS = (
    _spec("masks", "ssim/regions", "SSIM of head, face and mouth"),
    _spec("mp478", "ssim/mp478", "SSIM of face and mouth (MediaPipe regions)"),
)


class RegionSSIM(RegionMetric):
    """The map of `ssim/torchmetrics`, averaged over regions of the true frame."""

    def score_map(self, batch: FrameBatch) -> np.ndarray | None:
        """SSIM at every pixel with mirrored borders, [B,H,W]."""
        found = similarity(batch)
        return None if found is None else found.mirrored

    def nothing_scored(self) -> Failure:
        """The frames are smaller than the window, or there are none."""
        return too_small(self._clip, WINDOW, "SSIM")

    def more_details(self) -> dict[str, object]:
        """The window and the border of the map."""
        return {"window": WINDOW, "sigma": 1.5, "borders": "mirrored", "k": [0.01, 0.03]}
