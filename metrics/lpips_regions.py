"""LPIPS of regions: its spatial map, averaged over a region of the true frame."""

from __future__ import annotations

import numpy as np

from harness.contracts import Column, FrameBatch, MetricSpec
from metrics.common import regions
from metrics.common.regions import RegionMetric, region_spec
from metrics.lpips import REFERENCE, TRAPS, TRUNKS, Perceptual


def _spec(trunk: str, source: str, kind: str, title: str) -> MetricSpec:
    weights, domain = TRUNKS[trunk]
    return region_spec(
        source,
        Column(f"lpips/{trunk}-", "down", "", (0.0, None), "perceptual distance, mean over the {}"),
        {"trunk": trunk, "input": "[-1,1]"},
        id=f"lpips/{trunk}-{kind}",
        title=title,
        entry="metrics.lpips_regions:RegionLPIPS",
        reference=f"{REFERENCE} with spatial=True, averaged over a region of the true frame",
        formula="mean over the region of the taps' weighted squared differences, each brought "
        "to the frame's size bilinearly; mean over frames",
        traps=(
            "Deep features have large receptive fields, so pixels around the region count too.",
            "Over a full mask the value is that of lpips with spatial=True, which equals "
            "spatial=False only where the sizes of the feature maps divide the frame's (not for "
            "AlexNet).",
            *regions.TRAPS[source],
            *TRAPS,
        ),
        weights=weights,
        domain=domain,
    )


SPECS = (
    _spec("alex", "masks", "regions", "LPIPS of regions (AlexNet)"),
    _spec("vgg", "masks", "regions", "LPIPS of regions (VGG16)"),
    _spec("synthetic", "masks", "regions", "LPIPS of regions (synthetic)"),
    _spec("alex", "mp478", "mp478", "LPIPS of MediaPipe regions (AlexNet)"),
    _spec("vgg", "mp478", "mp478", "LPIPS of MediaPipe regions (VGG16)"),
)


class RegionLPIPS(Perceptual, RegionMetric):
    """The spatial map of LPIPS, averaged over regions of the true frame."""

    def score_map(self, batch: FrameBatch) -> np.ndarray:
        """LPIPS at every pixel, float32 [B,H,W]."""
        from metrics.backbones.lpips import spatial

        key = f"lpips/{self.spec.options['trunk']}/{self.spec.options['input']}/spatial"
        size = batch.truth.shape[1:3]
        return batch.cache.get(key, lambda: spatial(self.layers(batch), *size).numpy())

    def more_details(self) -> dict[str, object]:
        """Trunk, input, and how the taps reach the frame's size."""
        return self.described() | {"upsampling": "bilinear, align_corners=False"}
