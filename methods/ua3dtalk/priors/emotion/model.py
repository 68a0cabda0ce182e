"""A trained speech-emotion network as a source of per-frame features."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.emotion.coattention import CoAttention, EmotionOutput
from methods.ua3dtalk.priors.emotion.features import Levels, speech_inputs
from methods.ua3dtalk.priors.emotion.waveform import Wav2Vec2Encoder, build_encoder

_BATCH = 32
#: A frame to the spectrogram [300,200], MFCC [300,40] and samples [48000] around it.
WindowOf = Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass
class EmotionModel:
    """The network, the level of its training set, and the scale of its feature."""

    network: CoAttention
    levels: Levels
    scale: float  # divides the feature: its root mean square over the training set is 1
    config: PriorConfig

    @torch.inference_mode()
    def features(self, audio: np.ndarray, fps: float, count: int) -> np.ndarray:
        """Emotion feature of every frame over its centred 3 s, float32 [count,128].

        Every `config.emotion_stride`-th frame and the last are evaluated; those in between are
        interpolated linearly (windows of neighbouring frames share 99 % of their sound).

        Args:
            audio: float32 [S] in [-1,1] at 16 kHz, starting with the first frame.
            fps: frames per second.
            count: how many frames.

        """
        (inputs,) = speech_inputs([audio], fps, [count], self.levels)
        frames = evaluated_frames(count, self.config.emotion_stride)
        self.network.eval()
        known = torch.cat([o.feature for o in self.outputs(inputs.window, frames)]).cpu().numpy()
        right = np.searchsorted(frames, np.arange(count)).clip(1, max(len(frames) - 1, 1))
        left, right = right - 1, np.minimum(right, len(frames) - 1)
        span = np.maximum(frames[right] - frames[left], 1)
        weight = ((np.arange(count) - frames[left]) / span)[:, None].astype(np.float32)
        return ((1 - weight) * known[left] + weight * known[right]) / np.float32(self.scale)

    def outputs(self, window: WindowOf, frames: np.ndarray) -> Iterable[EmotionOutput]:
        """The network's outputs for the windows of the given frames, batch by batch."""
        device = self.network.attention.weight.device
        for first in range(0, len(frames), _BATCH):
            batch = stack_windows(window, frames[first : first + _BATCH])
            yield self.network(*(each.to(device) for each in batch))

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Trained weights, and what else builds the network again."""
        state = self.network.trained_state().items()
        frozen = isinstance(self.network.waveform, Wav2Vec2Encoder)
        return {name: value.cpu().numpy() for name, value in state}, {
            "waveform": "wav2vec2" if frozen else "trained",
            "levels": asdict(self.levels),
            "scale": self.scale,
        }

    @classmethod
    def restore(
        cls,
        arrays: dict[str, np.ndarray],
        meta: dict[str, Any],
        config: PriorConfig,
        device: torch.device,
    ) -> EmotionModel:
        """Build the network that `state` described.

        Raises:
            Unavailable: it was fitted on wav2vec 2.0, whose weights are not here.

        """
        encoder, _ = build_encoder(meta["waveform"], config.waveform_width)
        network = CoAttention(config, encoder)
        state = network.state_dict() | {k: torch.from_numpy(v) for k, v in arrays.items()}
        network.load_state_dict(state)
        levels = Levels(**meta["levels"])
        return cls(network.to(device).eval(), levels, meta["scale"], config)


def evaluated_frames(count: int, stride: int) -> np.ndarray:
    """Every `stride`-th frame and the last, int64."""
    return np.unique(np.append(np.arange(0, count, stride), count - 1))


def stack_windows(window: WindowOf, frames: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Windows of several frames: [B,300,200], [B,300,40], [B,48000]."""
    columns = zip(*(window(int(t)) for t in frames), strict=True)
    spectrum, mfcc, wave = (torch.from_numpy(np.stack(column)) for column in columns)
    return spectrum, mfcc, wave
