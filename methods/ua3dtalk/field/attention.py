"""Where on the face a modality has an effect: per-Gaussian attention from the encoded position.

A modality's input at a Gaussian is gain * map: the gain [C] belongs to the frame, the map [C, N]
to the subject. Source: TalkingGaussian (arXiv 2404.15264), as UA-3DTalk keeps it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.ua3dtalk.field.audio import AUDIO_FEATURES, AudioAttNet, AudioNet
from methods.ua3dtalk.field.layers import two_layers
from methods.ua3dtalk.field.planes import FIRST_FEATURE

AU_FEATURES = 6


class AudioEncoder(nn.Module):
    """The frame's audio code, and where it has an effect.

    The face's code is gated channel by channel by an attention over the position; the mouth's is
    not, as in the released `scene/deformation.py` (`MouthMotionNetwork`; TalkingGaussian's gate
    is commented out there, and the paper does not mention it).

    Args:
        bands: channels of the speech feature.
        window: length of a speech window.
        position_features: channels P of the encoded position; None for a code without attention.

    """

    def __init__(self, bands: int, window: int, position_features: int | None) -> None:
        super().__init__()
        self.net = AudioNet(bands, window)
        self.frames = AudioAttNet()
        self.channels = (
            None
            if position_features is None
            else two_layers(position_features, AUDIO_FEATURES, AUDIO_FEATURES, bias=False)
        )

    def code(self, audio: Tensor) -> Tensor:
        """Return the frame's code [32] for audio [8, bands, window]."""
        return self.frames(self.net(audio))

    def map(self, position: Tensor) -> Tensor:
        """Return the subject's attention [32, N] for position [P, N]."""
        assert self.channels is not None, "only the face has an attention"
        return self.channels(position)


class AUAttention(nn.Module):
    """Encoded action units and their attention; the blink stays a plain number.

    Args:
        position_features: channels P of the encoded position.
        opened: start with an attention of about 1 everywhere. As released it starts at 0.003 on
            average and at 0 in half of all places, for a quarter of the units in nearly all: its
            last layer ends in a ReLU, and its inputs are positive and nearly alike. A schedule of
            3,000 steps is too short for it to grow.

    """

    def __init__(self, position_features: int, *, opened: bool = False) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(AU_FEATURES - 1, 16, bias=False),
            nn.ReLU(),
            nn.Linear(16, AU_FEATURES - 1, bias=False),
        )
        self.channels = two_layers(position_features, 16, AU_FEATURES, bias=False)
        if opened:
            first, last = self.channels.parameters()
            with torch.no_grad():
                hidden = torch.relu(first.sum(1) * FIRST_FEATURE)
                last.abs_()
                last.div_((last @ hidden).clamp_min(1e-6)[:, None])

    def gain(self, au: Tensor) -> Tensor:
        """Return the frame's code [6] for intensities [6]."""
        return torch.cat([self.net(au[:-1]), au[-1:]])

    def map(self, position: Tensor) -> Tensor:
        """Return the subject's attention [6, N], >= 0, for position [P, N]."""
        return self.channels(position).relu_()
