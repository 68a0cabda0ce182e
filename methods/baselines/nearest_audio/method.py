"""Unit selection: shows training heads whose sound was nearest to the test's.

What retrieval alone reaches without any model of the face. Distances are Euclidean
between standardised log-mel windows; a cut in time costs `jump_cost` times the median
distance of a test window to its nearest training window, so that the head does not
flicker between equally good candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
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
from methods.baselines.layers import check_size, head_layer, read_layer, rendered, write_layers
from methods.baselines.nearest_audio.features import log_mel_windows
from methods.baselines.nearest_audio.path import cheapest_path
from methods.baselines.nearest_audio.spec import SPEC


class NearestAudio(Method):
    """A baseline: retrieval of recorded heads by sound."""

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Keep every training head and the log-mel window it was recorded with.

        Raises:
            MissingSignal: the sequence has no masks.

        """
        sequence = training.only()
        config = {**SPEC.presets["quick"], **context.options}
        masks = sequence.signal("masks", SPEC.id)
        count = len(sequence.frames)
        windows = log_mel_windows(
            sequence.audio, sequence.fps, count, float(config["context_seconds"])
        )
        if not (workdir / "layers").is_dir():

            def layers() -> Iterator[np.ndarray]:
                for t in range(count):
                    yield head_layer(sequence.frames[t], masks.region("head", t))
                    context.progress("nearest-audio", t + 1, count)

            write_layers(workdir / "layers", layers(), count)
        partial = workdir / ".windows.partial"
        partial.write_bytes(
            save(
                {
                    "windows": windows,
                    "context_seconds": np.float64([config["context_seconds"]]),
                    "jump_cost": np.float64([config["jump_cost"]]),
                }
            )
        )
        partial.replace(workdir / "windows.safetensors")

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read the training windows; heads are read when they are shown.

        Raises:
            BadInput: the fit is missing or damaged.

        """
        path = workdir / "windows.safetensors"
        try:
            stored = load_file(path)
        except (OSError, SafetensorError) as error:
            raise BadInput(path, f"it cannot be read ({error})", "Fit the method again.") from error
        self._windows = stored["windows"]
        self._context_seconds = float(stored["context_seconds"][0])
        self._jump_cost = float(stored["jump_cost"][0])
        self._layers = workdir / "layers"

    def choose(self, audio: np.ndarray, fps: float, count: int) -> np.ndarray:
        """Training frame for every frame of a sound: int64 [count]."""
        mean, std = self._windows.mean(0), self._windows.std(0) + 1e-3
        known = (self._windows - mean) / std
        asked = (log_mel_windows(audio, fps, count, self._context_seconds) - mean) / std
        squares = (asked**2).sum(1)[:, None] + (known**2).sum(1)[None] - 2 * asked @ known.T
        costs = np.sqrt(np.maximum(squares, 0))
        return cheapest_path(costs, self._jump_cost * float(np.median(costs.min(1))))

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
