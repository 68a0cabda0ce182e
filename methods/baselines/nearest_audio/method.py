"""Unit selection: shows the training heads whose audio is nearest to the test's.

This is what retrieval reaches without any model of the face. Distances are Euclidean between
standardised log-mel windows; a cut in time costs `jump_cost` times the median distance of a test
window to its nearest training window, so that the head does not flicker between equally good
candidates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from python_speech_features import logfbank
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from harness.contracts import (
    NULL_CLOCK,
    BadInput,
    FitContext,
    Method,
    RenderedFrame,
    RenderRequest,
    StageClock,
    TrainingSet,
)
from harness.contracts.sequence import SAMPLE_RATE
from methods.baselines.layers import check_size, head_layer, read_layer, rendered, write_layers
from methods.baselines.nearest_audio.spec import SPEC

STEP_SECONDS = 0.01
WINDOW_SECONDS = 0.025
FILTERS = 40


class NearestAudio(Method):
    """A baseline: retrieval of training heads by audio."""

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Keep the head and the log-mel window of every training frame.

        Raises:
            MissingSignal: a sequence has no masks.
            BadInput: the sequences differ in frame rate or size.

        """
        training.uniform()
        config = {**SPEC.presets["quick"], **context.options}
        seconds, total = float(config["context_seconds"]), training.frame_count
        lengths = [len(sequence.frames) for sequence in training]
        masks = [sequence.signal("masks", SPEC.id) for sequence in training]
        windows = [log_mel_windows(s.audio, s.fps, len(s.frames), seconds) for s in training]
        if not (workdir / "layers").is_dir():

            def layers() -> Iterator[np.ndarray]:
                done = 0
                for sequence, mask in zip(training, masks, strict=True):
                    for t, frame in enumerate(sequence.frames):
                        yield head_layer(frame, mask.region("head", t))
                        done += 1
                        context.progress("nearest-audio", done, total)

            write_layers(workdir / "layers", layers())
        stored = {
            "windows": np.concatenate(windows),
            "starts": np.cumsum([0, *lengths[:-1]], dtype=np.int64),
            "context_seconds": np.array([seconds]),
            "jump_cost": np.array([float(config["jump_cost"])]),
        }
        partial = workdir / ".windows.partial"
        partial.write_bytes(save(stored))
        partial.replace(workdir / "windows.safetensors")

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read the training windows; heads are read when they are rendered.

        Raises:
            BadInput: the fit is missing or damaged.

        """
        path = workdir / "windows.safetensors"
        try:
            stored = load_file(path)
        except (OSError, SafetensorError) as error:
            raise BadInput(path, f"it cannot be read ({error})", "Fit the method again.") from error
        self._windows, self._starts = stored["windows"], stored["starts"]
        self._context_seconds = float(stored["context_seconds"][0])
        self._jump_cost = float(stored["jump_cost"][0])
        self._layers = workdir / "layers"

    def choose(self, audio: np.ndarray, fps: float, count: int) -> np.ndarray:
        """Training frame, counted over all sequences, for every frame of audio: int64 [count]."""
        mean, std = self._windows.mean(0), self._windows.std(0) + 1e-3
        known = (self._windows - mean) / std
        asked = (log_mel_windows(audio, fps, count, self._context_seconds) - mean) / std
        squares = (asked**2).sum(1)[:, None] + (known**2).sum(1)[None] - 2 * asked @ known.T
        costs = np.sqrt(np.maximum(squares, 0))
        jump_cost = self._jump_cost * float(np.median(costs.min(1)))
        return cheapest_path(costs, jump_cost, self._starts)

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield the chosen training heads.

        Raises:
            BadInput: the request is of another size than the training frames, or a stored
                head cannot be read.

        """
        check_size(read_layer(self._layers, 0), request, SPEC)
        with clock.stage("audio"):
            chosen = self.choose(request.audio, request.fps, request.count)
        for index in chosen:
            with clock.stage("copy"):
                layer = rendered(read_layer(self._layers, int(index)))
            yield layer


def log_mel_windows(
    audio: np.ndarray, fps: float, count: int, context_seconds: float
) -> np.ndarray:
    """Log-mel energies around the middle of every video frame.

    Args:
        audio: float32 [S] at 16 kHz.
        fps: video frames per second.
        count: number of video frames T.
        context_seconds: length of the window centred on a frame.

    Returns:
        float32 [T, steps * 40], natural logarithm of filter-bank energies; the outermost windows
        are padded with silence.

    """
    half = round(context_seconds / STEP_SECONDS / 2)
    padding = round((half + 2) * STEP_SECONDS * SAMPLE_RATE)
    silence = np.zeros(padding, np.float64)
    padded = np.concatenate([silence, np.asarray(audio, np.float64), silence])
    energies = logfbank(
        padded,
        SAMPLE_RATE,
        winlen=WINDOW_SECONDS,
        winstep=STEP_SECONDS,
        nfilt=FILTERS,
        nfft=512,
        lowfreq=50,
    )
    # Digital silence would otherwise be the logarithm of machine epsilon and dominate.
    energies = np.maximum(energies, np.log(1e-8))
    middles = (np.arange(count) + 0.5) / fps + padding / SAMPLE_RATE - WINDOW_SECONDS / 2
    centres = np.rint(middles / STEP_SECONDS).astype(int)
    steps = centres[:, None] + np.arange(-half, half + 1)
    steps = np.clip(steps, 0, len(energies) - 1)
    return energies[steps].reshape(count, -1).astype(np.float32)


def cheapest_path(costs: np.ndarray, jump_cost: float, starts: Iterable[int] = (0,)) -> np.ndarray:
    """Choose one candidate per step by dynamic programming (Viterbi), exactly.

    Going from candidate i to i + 1 of the same sequence is free, any other transition costs
    `jump_cost`; with transitions of this form a step takes O(N) instead of O(N^2).

    Args:
        costs: float [T,N], cost of candidate n at step t.
        jump_cost: cost of a cut, at least 0, in the units of `costs`.
        starts: first candidate of every sequence.

    Returns:
        int64 [T], candidates of the path with the least total; ties go to the lower index, and
        to continuing before a cut.

    """
    steps, candidates = costs.shape
    first = np.fromiter(starts, np.int64)
    total = costs[0].astype(np.float64)
    previous = np.zeros((steps, candidates), np.int64)
    for t in range(1, steps):
        cut_from = int(np.argmin(total))
        best = np.full(candidates, total[cut_from] + jump_cost)
        previous[t] = cut_from
        continues = np.zeros(candidates, bool)
        continues[1:] = total[:-1] <= best[1:]
        continues[first] = False
        best[continues] = total[:-1][continues[1:]]
        previous[t, continues] = np.flatnonzero(continues) - 1
        total = best + costs[t]
    path = np.empty(steps, np.int64)
    path[-1] = int(np.argmin(total))
    for t in range(steps - 1, 0, -1):
        path[t - 1] = previous[t, path[t]]
    return path
