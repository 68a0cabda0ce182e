"""The synthetic domain's SyncNet: small, with the windows of the original."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Embeddings have this length, so distances lie in 0..10 and unrelated ones near 7.
LENGTH = 5.0


def _conv(i: int, o: int, stride: int | tuple[int, int] = 2) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class SyntheticSyncNet(nn.Module):
    """Embeds five mouth crops and 0.2 s of sound in one space of 128 dimensions.

    Attributes:
        width: dimensions of an embedding.
        size: side of the square mouth crop in pixels.

    """

    width, size = 128, 48
    mfcc_mean: Tensor
    mfcc_std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.lip = nn.Sequential(
            _conv(15, 32), _conv(32, 48), _conv(48, 64), _conv(64, 64), nn.Flatten()
        )
        self.lip_head = nn.Sequential(nn.Linear(576, 128), nn.ReLU(), nn.Linear(128, self.width))
        self.aud = nn.Sequential(
            _conv(1, 32, 1), _conv(32, 48, (1, 2)), _conv(48, 64), _conv(64, 64), nn.Flatten()
        )
        self.aud_head = nn.Sequential(nn.Linear(768, 128), nn.ReLU(), nn.Linear(128, self.width))
        self.register_buffer("mfcc_mean", torch.zeros(13, 1))
        self.register_buffer("mfcc_std", torch.ones(13, 1))

    def forward_lip(self, frames: Tensor) -> Tensor:
        """Lip embedding [B,128] of mouth crops [B,3,5,48,48], RGB 0..1."""
        x = self.lip((frames.flatten(1, 2) - 0.5) / 0.25)
        return F.normalize(self.lip_head(x), dim=1) * LENGTH

    def forward_aud(self, mfcc: Tensor) -> Tensor:
        """Sound embedding [B,128] of MFCC [B,1,13,20], 100 columns a second."""
        x = self.aud((mfcc - self.mfcc_mean) / self.mfcc_std)
        return F.normalize(self.aud_head(x), dim=1) * LENGTH
