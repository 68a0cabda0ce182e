"""tLP: difference of the perceptual change from frame to frame, of prediction and truth."""

from __future__ import annotations

import numpy as np

from harness.contracts import Clip, Column, FrameBatch, MetricResult, MetricSpec
from metrics import lpips
from metrics.tof import SKIP, crop_of, result_of

SPECS = (
    MetricSpec(
        id="tlp/alex",
        title="Temporal difference of LPIPS (tLP, AlexNet)",
        entry="metrics.tlp:TLP",
        columns=(
            Column(
                "tlp/alex",
                "down",
                "LPIPS x 100",
                (0.0, None),
                "difference from the ground truth's change between frames",
            ),
        ),
        reference="TecoGAN metrics.py (tLP), github.com/thunil/TecoGAN, LPIPS v0.1 AlexNet",
        formula="mean over t = 3 .. T-3 of 100 * |LPIPS(g(t-1), g(t)) - LPIPS(p(t-1), p(t))|, "
        "frames cropped as for tOF",
        traps=(
            "Multiplied by 100, as in the script; tables without that factor show 0.0x.",
            "Frames are cropped before the network here, but after the flow in tOF.",
            "It compares the magnitude of a change, not its direction: different motion of the "
            "same magnitude scores 0.",
            "The first and last two frames are ignored: T - 5 pairs.",
        ),
        weights=("lpips-alexnet", "lpips-alex-heads"),
        domain="photo",
        options={"trunk": "alex", "skip": SKIP},
    ),
)


class TLP(lpips.LPIPS):
    """LPIPS between neighbours on either side; keeps one cropped frame of either side."""

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        super().begin(clip)
        self._clip = clip
        self._crop = crop_of(clip.height), crop_of(clip.width)
        self._last: list[np.ndarray] | None = None  # truth, prediction; uint8 [1,h,w,3]
        self._pairs: list[np.ndarray] = []
        self._count = 0

    def update(self, batch: FrameBatch) -> None:
        """Measure the change into each of the next frames."""
        first = max(SKIP - self._count, 0)
        self._count += len(batch.truth)
        rows, columns = self._crop
        sides = [side[first:, rows, columns] for side in (batch.truth, batch.prediction)]
        if not sides[0].size:
            return
        if self._last is not None:
            pairs = zip(self._last, sides, strict=True)
            sides = [np.concatenate([last, side]) for last, side in pairs]
        self._last = [side[-1:].copy() for side in sides]
        together = self._network.trunk.together
        for i in range(0, len(sides[0]) - 1, together):
            part = slice(i, i + together)
            change = [
                lpips.distances(self._network, side[:-1][part], side[1:][part]) for side in sides
            ]
            self._pairs.append(100.0 * np.abs(change[0] - change[1]))

    def compute(self) -> MetricResult:
        """Average the pairs."""
        pairs = np.concatenate([np.zeros(0), *self._pairs])
        details: dict[str, object] = {"trunk": "alex", "version": "0.1", "input": "[-1,1]"}
        return result_of("tlp/alex", pairs, self._count, self._clip, details)
