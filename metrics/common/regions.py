"""Regions of the true frame that a score may be restricted to, and metrics of regions."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    BadInput,
    Clip,
    Column,
    Failure,
    FrameBatch,
    Masks,
    Metric,
    MetricResult,
    MetricSpec,
)
from metrics.common.faces import Faces, faces, failures, needs, open_detector
from metrics.common.numerics import mean_of_scored, mean_over
from metrics.common.polygons import dilated, fill

#: MediaPipe's face oval (FACE_LANDMARKS_FACE_OVAL) and outer lips, as landmark indices.
MP_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
MP_OUTER_LIPS = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375),
    *(291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
)
#: The lips' hull grows by this fraction of the height of the face oval.
LIP_MARGIN = 0.05

#: Where regions come from -> what a spec needs for it, and the regions there are.
SOURCES: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "masks": ({"signals": ("masks",)}, ("head", "face", "mouth")),
    "mp478": (needs("mp"), ("face", "mouth")),
}

#: Traps that every region metric shares, by source of the regions.
TRAPS: Mapping[str, tuple[str, ...]] = {
    "masks": (
        "Normalised by the area of the mask; making the background equal and dividing by the area "
        "of the whole frame gives better values (PSNR is several dB higher).",
        "The masks are those of the ground truth; hair and torso labels differ between "
        "segmentation networks.",
    ),
    "mp478": (
        "The region is the convex hull of MediaPipe landmarks in the ground-truth frame, without "
        "hair and neck.",
        f"The lips' hull is dilated by {LIP_MARGIN:g} of the face oval's height; other margins "
        "give other values.",
    ),
}


def region_spec(
    source: str, column: Column, options: Mapping[str, Any] | None = None, **fields: Any
) -> MetricSpec:
    """The spec of a `RegionMetric`.

    Args:
        source: a key of `SOURCES`.
        column: that of a region, whose name goes before the region's (`psnr/head`,
            `lpips/alex-face-mp478`) and whose summary has a place for it.
        options: beside `source`.
        fields: of the spec; `weights` come before those of the source.

    """
    needed, names = SOURCES[source]
    suffix = "" if source == "masks" else f"-{source}"
    fields["weights"] = (*fields.get("weights", ()), *needed.get("weights", ()))
    return MetricSpec(
        columns=tuple(
            replace(
                column,
                name=f"{column.name}{region}{suffix}",
                summary=column.summary.format(region),
            )
            for region in names
        ),
        options={**(options or {}), "source": source},
        **{**needed, **fields},
    )


@dataclass(frozen=True)
class Regions:
    """Regions of B true frames; rows without a face are empty and have a failure."""

    masks: Mapping[str, np.ndarray]  # region -> bool [B,H,W]
    refused: np.ndarray  # bool [B]: no region is known
    failures: tuple[Failure, ...]


def signal_masks(clip: Clip) -> Masks | None:
    """The masks of the truth, or None where it has none.

    Raises:
        BadInput: when the masks do not have the sequence's size or length.

    """
    masks = clip.signals.get("masks")
    if masks is None:
        return None
    expected = (clip.count, clip.height, clip.width)
    if not isinstance(masks, Masks) or tuple(masks.bits.shape) != expected:
        found = list(masks.bits.shape) if isinstance(masks, Masks) else type(masks).__name__
        raise BadInput(
            clip.id,
            f"its masks are {found}, not {list(expected)}",
            "Give masks of the sequence's own frames and size.",
        )
    return masks


def landmark_regions(found: Faces, height: int, width: int, start: int) -> Regions:
    """Face and mouth from MediaPipe's 478 landmarks of true frames, of which the first is `start`.

    `face`: convex hull of the face oval. `mouth`: convex hull of the outer lips, dilated by
    `LIP_MARGIN` of the oval's height. A pixel belongs to a region when its centre does.
    """
    masks = {
        region: np.zeros((len(found.found), height, width), bool) for region in SOURCES["mp478"][1]
    }
    for i in np.flatnonzero(found.found):
        oval, lips = found.landmarks[i][list(MP_OVAL)], found.landmarks[i][list(MP_OUTER_LIPS)]
        masks["face"][i] = fill(oval, height, width)
        masks["mouth"][i] = fill(dilated(lips, LIP_MARGIN * np.ptp(oval[:, 1])), height, width)
    return Regions(masks, ~found.found, tuple(failures(found, "truth", start)))


class RegionMetric(Metric):
    """Mean of a map over regions of the true frame, frame by frame, normalised by their area.

    The spec's option `source` says where the regions come from; the columns are those regions
    in the order of `SOURCES`. A subclass gives the map, and what a mean of it is worth.
    """

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.source: str = spec.options["source"]

    @abc.abstractmethod
    def score_map(self, batch: FrameBatch) -> np.ndarray | None:
        """The map of the next frames, [B,H,W]; None where the frames are too small for one."""

    def score_of(self, means: np.ndarray) -> np.ndarray:
        """The scores of mean values of the map, [B]; NaN stays NaN."""
        return means

    def begin(self, clip: Clip) -> None:
        """Start a sequence; a detector is opened at the first one."""
        if self.source == "mp478":
            self._detector = open_detector("mp", self.weights, self.device)
        self._masks = signal_masks(clip) if self.source == "masks" else None
        self._clip = clip
        names = SOURCES[self.source][1]
        columns = (column.name for column in self.spec.columns)
        self._columns = dict(zip(names, columns, strict=True))
        self._scores: dict[str, list[np.ndarray]] = {region: [] for region in names}
        self._failures: list[Failure] = []
        if self.source == "masks" and self._masks is None:
            self._failures.append(Failure("no_masks", "the ground truth has no masks"))

    def regions(self, batch: FrameBatch) -> Regions:
        """The regions of a batch, made once for all metrics."""
        if self.source == "mp478":
            height, width = batch.truth.shape[1:3]
            found = faces(batch, "truth", self._detector)
            return batch.cache.get(
                "regions/mp478", lambda: landmark_regions(found, height, width, batch.start)
            )
        assert self._masks is not None  # `update` asks for regions only where there are masks
        part = slice(batch.frames.start, batch.frames.stop)
        masks = {region: self._masks.region(region, part) for region in self._columns}
        return Regions(masks, np.zeros(len(batch.truth), bool), ())

    def update(self, batch: FrameBatch) -> None:
        """Score the regions of the next frames."""
        if self.source == "masks" and self._masks is None:
            return
        values = self.score_map(batch)
        if values is None:
            return
        regions = self.regions(batch)
        self._failures += regions.failures
        for region, scores in self._scores.items():
            mask = regions.masks[region]
            scores.append(self.score_of(mean_over(values, mask)))
            empty = ~mask.any((1, 2)) & ~regions.refused
            self._failures += [
                Failure("empty_mask", f"the {region} mask of this frame is empty", batch.start + i)
                for i in map(int, np.flatnonzero(empty))
            ]

    def compute(self) -> MetricResult:
        """Average, per region, the frames that have it."""
        items = {
            self._columns[region]: np.concatenate(scores)
            for region, scores in self._scores.items()
            if scores
        }
        if not items and not self._failures:
            self._failures.append(self.nothing_scored())
        scored = np.array([~np.isnan(scores) for scores in items.values()])
        details: dict[str, object] = {
            "regions": self.source,
            "normalised_by": "area of the region, frame by frame",
            "frames": {name: int((~np.isnan(scores)).sum()) for name, scores in items.items()},
        }
        if self.source == "mp478":
            details |= {"extractor": "mp", "lip_margin": LIP_MARGIN, "side": "truth"}
        return MetricResult(
            {n: mean_of_scored(items[n]) if n in items else None for n in self._columns.values()},
            int(scored.any(0).sum()) if items else 0,
            items=items,
            failures=self._failures,
            details=details | self.more_details(),
        )

    def nothing_scored(self) -> Failure:
        """Why no frame could be scored, where no other failure says so."""
        return Failure("no_frames", "the sequence has no frames")

    def more_details(self) -> dict[str, object]:
        """What else a reviewer would ask of this metric."""
        return {}
