"""Audio encoder of one frame: windows of DeepSpeech features to 32 numbers (AD-NeRF's)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

AUDIO_FEATURES = 32
AUDIO_FRAMES = 8
LEAK = 0.02


class WindowConv1d(nn.Conv1d):
    """`nn.Conv1d` as one matrix product of the unfolded windows.

    On inputs as small as these torch's convolutions spend a third of a millisecond each on
    their own set-up, which nine of them would make a quarter of a frame's time.
    """

    padding: tuple[int, ...]  # never `same` or `valid` here

    def forward(self, x: Tensor) -> Tensor:
        """Convolve [B, in, L] to [B, out, L']."""
        windows = F.pad(x, (self.padding[0],) * 2).unfold(2, self.kernel_size[0], self.stride[0])
        columns = windows.transpose(1, 2).flatten(2)  # [B, L', in * kernel]
        return F.linear(columns, self.weight.flatten(1), self.bias).transpose(1, 2)


class AudioNet(nn.Module):
    """Encode each window alone: [8, bands, window] -> [8, 32].

    Args:
        bands: channels of the speech feature, 29 for DeepSpeech.
        window: length of the window; the four convolutions halve it until one step is left.

    """

    def __init__(self, bands: int, window: int) -> None:
        super().__init__()
        channels = (bands, 32, 32, 64, 64)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(channels):
            layers += [WindowConv1d(inputs, outputs, 3, stride=2, padding=1), nn.LeakyReLU(LEAK)]
            window = (window + 1) // 2
        self.convolutions = nn.Sequential(*layers)
        self.linear = nn.Sequential(
            nn.Linear(64 * window, 64), nn.LeakyReLU(LEAK), nn.Linear(64, AUDIO_FEATURES)
        )

    def forward(self, audio: Tensor) -> Tensor:
        """Return [8, 32] for audio [8, bands, window]."""
        return self.linear(self.convolutions(audio).flatten(1))


class AudioAttNet(nn.Module):
    """Weigh the eight neighbouring frames: [8, 32] -> [32]."""

    def __init__(self) -> None:
        super().__init__()
        channels = (AUDIO_FEATURES, 16, 8, 4, 2, 1)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(channels):
            layers += [WindowConv1d(inputs, outputs, 3, padding=1), nn.LeakyReLU(LEAK)]
        self.convolutions = nn.Sequential(*layers)
        self.linear = nn.Linear(AUDIO_FRAMES, AUDIO_FRAMES)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the weighted sum [32] of `frames` [8, 32]."""
        scores = self.linear(self.convolutions(frames.t()[None])[0, 0])
        return torch.softmax(scores, dim=0) @ frames
