"""Multi-head decoder: one small network per kind of offset."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.ua3dtalk.field.layers import two_layers

MEANS_SCALE = 1e-2
MOUTH_SIDEWAYS = 1 / 5
"""The mouth's x and z move five times less: lips open up and down (y)."""


class Decoder(nn.Module):
    """Heads ReLU, Linear, ReLU, Linear on the fused feature [H, N].

    Args:
        hidden: channels H.
        heads: outputs of each head, by name.

    """

    def __init__(self, hidden: int, heads: dict[str, int]) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(
            {name: two_layers(hidden, hidden, size, bias=True) for name, size in heads.items()}
        )

    def forward(self, fused: Tensor) -> dict[str, Tensor]:
        """Return [N, size] for each head; `means` in scene units."""
        fused = torch.relu(fused)
        offsets = {name: head(fused).t() for name, head in self.heads.items()}
        offsets["means"] = offsets["means"] * MEANS_SCALE
        return offsets
