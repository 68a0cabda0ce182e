"""FID: Fréchet distance of Inception features of all frames, as pytorch-fid computes it."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import Clip, FrameBatch, MetricResult, MetricSpec
from metrics.common.distribution import SIDES, TRAPS, Distribution, frechet_columns
from metrics.common.frechet import FORMULA

if TYPE_CHECKING:
    from metrics.backbones.inception import FIDInception

#: Frames that pass through the network together: bounds its memory.
CHUNK = 8

SPECS = (
    MetricSpec(
        id="fid",
        title="FID (pytorch-fid)",
        entry="metrics.fid:FID",
        columns=frechet_columns("fid", "Inception pool3 features, frames pooled"),
        reference="mseitzer/pytorch-fid 0.3.0, all frames of prediction and truth, no JPEG between",
        formula=f"{FORMULA}, m and S of 2048-d pool3 features over all frames",
        traps=(
            "pytorch-fid resizes with torch's bilinear filter without antialiasing; torch-fidelity "
            "and torchmetrics resize as TensorFlow 1 did, clean-fid with PIL's bicubic filter.",
            "Frames dumped as JPEG, or decoded from H.264, are not the frames that were rendered.",
            "Channels in BGR order (evaluation_eat flips frames that are already RGB) give other "
            "values.",
            "Few frames per video (evaluation_eat takes 5) give other values than all frames.",
            "With one subject and a static background, the background dominates the features.",
            "torchvision's own Inception has different pooling and different weights.",
            *TRAPS,
        ),
        weights=("fid-inception",),
        domain="photo",
    ),
)


class FID(Distribution):
    """Fréchet distance of Inception features of frames.

    Keeps one float32 vector of 2048 numbers per frame and side: 16 KiB a frame, 24 MiB a
    minute at 25 fps.
    """

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        self._features: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}

    @cached_property
    def _network(self) -> FIDInception:
        from metrics.backbones.inception import open_inception

        return open_inception(self.weights["fid-inception"], self.device)

    def update(self, batch: FrameBatch) -> None:
        """Look at the next frames."""
        for side in SIDES:
            look = partial(features, self._network, getattr(batch, side))
            self._features[side].append(batch.cache.get(f"inception/pytorch-fid/{side}", look))

    def compute(self) -> MetricResult:
        """Compare the features of all frames."""
        empty = [np.zeros((0, 2048), np.float32)]
        prediction, truth = (np.concatenate(self._features[side] or empty) for side in SIDES)
        result = self.compare(prediction, truth, np.arange(len(truth)))
        result.details |= {
            "network": "Inception v3 of 2015-12-05 (pytorch-fid), pool3",
            "resize": "bilinear to 299x299, align_corners=False, no antialiasing",
        }
        return result


def features(network: FIDInception, frames: np.ndarray) -> np.ndarray:
    """Inception features float32 [B,2048] of uint8 RGB [B,H,W,3]."""
    import torch

    device = next(network.parameters()).device
    found = []
    with torch.inference_mode():
        for start in range(0, len(frames), CHUNK):
            part = torch.from_numpy(np.array(frames[start : start + CHUNK])).to(device)
            # NHWC in memory already: the channels-last layout that the network wants.
            found.append(network(part.permute(0, 3, 1, 2).float() / 255).cpu().numpy())
    return np.concatenate(found)
