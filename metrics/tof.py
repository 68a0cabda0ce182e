"""tOF: difference of the optical flow of prediction and truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from harness.contracts import Clip, Column, Failure, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.common.numerics import mean_result, spread

#: Pyramid scale, levels, window, iterations, polynomial size and sigma, flags.
FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)
#: Frames that are not looked at, at either end of a sequence.
SKIP = 2
#: Shortest side of frames that have a part that counts, in pixels.
SMALLEST = 48

SPECS = (
    MetricSpec(
        id="tof",
        title="Temporal difference of optical flow (tOF)",
        entry="metrics.tof:TOF",
        columns=(
            Column(
                "tof",
                "down",
                "px",
                (0.0, None),
                "end-point difference from the ground truth's flow",
            ),
        ),
        reference="TecoGAN metrics.py (tOF), github.com/thunil/TecoGAN",
        formula="mean over t = 3 .. T-3 and pixels of ||F(g(t-1), g(t)) - F(p(t-1), p(t))||; F = "
        "Farneback(0.5, 3, 15, 3, 5, 1.2, 0) of 8-bit grey, cropped after",
        traps=(
            "In pixels per frame: it grows with the resolution and with the time between frames.",
            "The crop keeps the largest multiple of 32 that removes at least 16 pixels, so 512 "
            "becomes 480 and 256 becomes 224; some copies of the script do not crop.",
            "The first and last two frames are ignored: T - 5 pairs.",
            "Flow in noise and in flat regions is arbitrary, and a static background counts as "
            "much as the face: differently framed videos are not comparable.",
            "The script prints it unscaled, but tLP multiplied by 100.",
        ),
        packages=("cv2",),
        min_side=SMALLEST,
        options={"farneback": FARNEBACK, "skip": SKIP},
    ),
)


def crop_of(size: int) -> slice:
    """The middle part that counts along one side: a multiple of 32, at least 16 less than all."""
    kept = max((size - 16) // 32 * 32, 0)
    start = (size - kept) // 2
    return slice(start, start + kept)


def result_of(
    name: str, pairs: np.ndarray, count: int, clip: Clip, details: dict[str, object]
) -> MetricResult:
    """The mean over pairs of consecutive frames, without those of the last two of `count` frames.

    `pairs`, float64 [n], are of frame t = SKIP + 1, SKIP + 2, ... with the one before. `details`
    do not hold the crop yet.
    """
    rows, columns = crop_of(clip.height), crop_of(clip.width)
    details |= {"skip": SKIP, "crop": [rows.start, rows.stop, columns.start, columns.stop]}
    pairs = pairs[:-SKIP]
    if not len(pairs):
        failure = Failure("too_short", f"{count} frames; at least {2 * SKIP + 2} are needed")
        if min(clip.height, clip.width) < SMALLEST:
            size = f"{clip.width}x{clip.height}"
            text = f"frames of {size} pixels; at least {SMALLEST}x{SMALLEST} are needed"
            failure = Failure("too_small", text)
        return MetricResult({name: None}, 0, failures=[failure], details=details)
    result = mean_result({name: pairs}, details=details)
    middle = slice(SKIP + 1, SKIP + 1 + len(pairs))
    result.items[name] = spread(pairs, middle, count)
    return result


def flow(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Farneback's flow float32 [H,W,2] in pixels between grey frames uint8 [H,W]."""
    import cv2

    return cv2.calcOpticalFlowFarneback(before, after, None, *FARNEBACK)  # type: ignore[call-overload]  # the stub forbids None


def grey(frame: np.ndarray) -> np.ndarray:
    """Luma uint8 [H,W] of an RGB frame uint8 [H,W,3], as OpenCV rounds it."""
    import cv2

    return cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)


class TOF(Metric):
    """End-point difference of two flow fields; keeps one grey frame of either side."""

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        self._clip = clip
        self._crop = crop_of(clip.height), crop_of(clip.width)
        self._last: tuple[np.ndarray, np.ndarray] | None = None  # truth, prediction
        self._pairs: list[float] = []  # of frame t = SKIP + 1, SKIP + 2, ... with the one before
        self._count = 0

    def update(self, batch: FrameBatch) -> None:
        """Compare the flow into each of the next frames."""
        import cv2

        jobs: list[tuple[np.ndarray, np.ndarray]] = []
        for true, predicted in zip(batch.truth, batch.prediction, strict=True):
            self._count += 1
            if self._count <= SKIP or min(true.shape[:2]) < SMALLEST:
                continue
            now = grey(true), grey(predicted)
            if self._last is not None:
                jobs += zip(self._last, now, strict=True)
            self._last = now
        # OpenCV computes a flow in one thread and lets go of the interpreter meanwhile.
        with ThreadPoolExecutor(max(1, cv2.getNumThreads())) as pool:
            flows = list(pool.map(lambda job: flow(*job)[self._crop], jobs))
        for i in range(0, len(flows), 2):
            difference = np.linalg.norm(flows[i] - flows[i + 1], axis=-1)
            self._pairs.append(float(difference.mean(dtype=np.float64)))

    def compute(self) -> MetricResult:
        """Average the pairs."""
        import cv2

        details: dict[str, object] = {
            "flow": "Farneback",
            "parameters": list(FARNEBACK),
            "opencv": cv2.__version__,
        }
        return result_of("tof", np.array(self._pairs), self._count, self._clip, details)
