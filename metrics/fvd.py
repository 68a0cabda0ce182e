"""FVD: Fréchet distance of I3D features of short windows, with StyleGAN-V's conventions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import Clip, FrameBatch, MetricResult, MetricSpec
from metrics.common.distribution import SIDES, TRAPS, Distribution, frechet_columns
from metrics.common.frechet import FORMULA

if TYPE_CHECKING:
    from torch.jit import ScriptModule

#: Frames of a window, and from one window's start to the next: windows do not overlap.
WINDOW = STRIDE = 16

SPECS = (
    MetricSpec(
        id="fvd/styleganv",
        title="FVD (StyleGAN-V)",
        entry="metrics.fvd:FVD",
        columns=frechet_columns("fvd/styleganv", "I3D features of 16-frame windows, pooled"),
        reference="universome/stylegan-v src/metrics/frechet_video_distance.py; windows of 16 "
        "consecutive frames, one after another",
        formula=f"{FORMULA}, m and S of 400-d I3D logits of 16-frame windows, S divided by n",
        traps=(
            "LatentSync feeds face crops in [0,1] with rescale=False, where the network expects "
            "[-1,1], and uses only frames 20-35 of each video.",
            "StyleGAN-V samples one random window per video; here all windows count.",
            "Window length, stride and frame rate matter: 16 frames at 25 fps are 0.64 s.",
            "StyleGAN-V divides covariances by n, fvd-comparison and its copies by n - 1.",
            "Non-square frames are squeezed to 224x224 here; some copies of the script crop the "
            "centre.",
            "VideoGPT's I3D and preprocessing give other values (by 10 %, according to "
            "zhizhou57/FVD).",
            *TRAPS,
        ),
        weights=("fvd-i3d",),
        domain="photo",
        options={"window": WINDOW, "stride": STRIDE},
    ),
)


class FVD(Distribution):
    """Fréchet distance of I3D features of windows; holds at most 15 frames of a side."""

    samples = "windows"
    ddof = 0  # metric_utils.FeatureStats.get_mean_cov divides by the number of items

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        self._count = clip.count
        self._waiting: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}
        self._features: dict[str, list[np.ndarray]] = {side: [] for side in SIDES}

    @cached_property
    def _network(self) -> ScriptModule:
        from metrics.backbones.i3d import open_i3d

        return open_i3d(self.weights["fvd-i3d"], self.device)

    def update(self, batch: FrameBatch) -> None:
        """Take the next frames; a window is looked at as soon as it is full."""
        from metrics.backbones.i3d import features

        for side in SIDES:
            waiting = self._waiting[side]
            for frame in getattr(batch, side):
                waiting.append(np.array(frame))  # a copy: the batch need not stay alive
                if len(waiting) == WINDOW:
                    window = np.stack(waiting)
                    self._features[side].append(features(self._network, window, self.device))
                    waiting.clear()

    def compute(self) -> MetricResult:
        """Compare the features of all windows; frames after the last full one are left out."""
        sides = (np.array(self._features[s], np.float32).reshape(-1, 400) for s in SIDES)
        prediction, truth = sides
        result = self.compare(prediction, truth, np.arange(len(truth)))
        result.details |= {
            "network": "I3D, Kinetics-400, TorchScript; logits before the softmax",
            "resize": "to 224x224 by the script (rescale=True, resize=True)",
            "window": WINDOW,
            "stride": STRIDE,
            "possible": self._count // WINDOW,
            "frames_left_over": len(self._waiting["truth"]),
        }
        return result
