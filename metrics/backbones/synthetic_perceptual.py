"""The synthetic domain's perceptual trunk: five small stages, each tapped for LPIPS."""

from __future__ import annotations

from torch import nn

from metrics.backbones.trunks import Trunk


class PerceptualTrunk(Trunk):
    """3x3 convolutions at full, 1/2, 1/4, 1/8 and 1/16 size, tapped after each stage's ReLU."""

    channels = (16, 32, 48, 64, 64)
    taps = (1, 4, 7, 10, 13)

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        width = 3
        for stage, channels in enumerate(self.channels):
            if stage:
                layers.append(nn.AvgPool2d(2))
            layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU()]
            width = channels
        super().__init__(layers)
