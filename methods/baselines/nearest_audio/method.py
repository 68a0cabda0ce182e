"""Unit selection: shows the training heads whose audio is nearest to the test's.

This is what retrieval reaches without any model of the face. Distances are Euclidean between
standardised log-mel windows; a cut in time costs `jump_cost` times the median distance of a test
window to its nearest training window, so that the head does not flicker between equally good
candidates.
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

            write_layers(workdir / "layers", layers(), total)
        partial = workdir / ".windows.partial"
        partial.write_bytes(
            save(
                {
                    "windows": np.concatenate(windows),
                    "starts": np.cumsum([0, *lengths[:-1]], dtype=np.int64),
                    "context_seconds": np.array([seconds]),
                    "jump_cost": np.array([float(config["jump_cost"])]),
                }
            )
        )
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
