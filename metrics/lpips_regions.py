"""LPIPS of regions: its spatial map, averaged over a region of the true frame."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, Column, FrameBatch, MetricSpec
from metrics.common import regions
from metrics.common.regions import RegionMetric
from metrics.lpips import REFERENCE, TRAPS, TRUNKS, Perceptual


def _region_spec(trunk: str, source: str, metric_id: str, title: str) -> MetricSpec:
    needs, names = regions.SOURCES[source]
    weights, domain = TRUNKS[trunk]
    rest = {key: value for key, value in needs.items() if key not in ("weights", "domain")}
    return MetricSpec(
        id=metric_id,
        title=title,
        entry="metrics.lpips_regions:RegionLPIPS",
        columns=tuple(
            Column(
                regions.column_of(f"lpips/{trunk}-", source, region),
                "down",
                "",
                (0.0, None),
                f"perceptual distance, mean over the {region}",
            )
            for region in names
        ),
        reference=f"{REFERENCE} with spatial=True, averaged over a region of the true frame",
        formula="mean over the region of the taps' weighted squared differences, each brought "
        "to the frame's size bilinearly; mean over frames",
        traps=(
            "A place of a deep tap sees far beyond the region, so what lies around it counts.",
            "Over a full mask the value is lpips with spatial=True, which equals spatial=False "
            "only where the taps' sizes divide the frame's (not for AlexNet).",
            *regions.TRAPS[source],
            *TRAPS,
        ),
        weights=(*weights, *needs.get("weights", ())),
        domain=domain,
        options={"trunk": trunk, "input": "[-1,1]", "source": source},
        **rest,
    )


SPECS = (
    *(
        _region_spec(trunk, "masks", f"lpips/{trunk}-regions", f"LPIPS of regions ({title})")
        for trunk, title in (("alex", "AlexNet"), ("vgg", "VGG16"), ("synthetic", "synthetic"))
    ),
    *(
        _region_spec(
            trunk, "mp478", f"lpips/{trunk}-mp478", f"LPIPS of MediaPipe regions ({title})"
        )
        for trunk, title in (("alex", "AlexNet"), ("vgg", "VGG16"))
    ),
)


class RegionLPIPS(Perceptual, RegionMetric):
    """The spatial map of LPIPS, averaged over regions of the true frame."""

    def begin(self, clip: Clip) -> None:
        """Start a sequence; network and detector are read at the first one."""
        self.open()
        super().begin(clip)

    def score_map(self, batch: FrameBatch) -> np.ndarray:
        """LPIPS at every pixel, float32 [B,H,W]."""
        from metrics.backbones.lpips import spatial

        key = f"lpips/{self.spec.options['trunk']}/{self.spec.options['input']}/spatial"
        size = batch.truth.shape[1:3]
        return batch.cache.get(key, lambda: spatial(self.layers(batch), *size).numpy())

    def more_details(self) -> dict:
        """Trunk, input, and how the taps reach the frame's size."""
        return self.described() | {"upsampling": "bilinear, align_corners=False"}
