"""Linear layers for features stored channels first, Gaussians last.

Every per-Gaussian feature inside the field is [C, N]. Sampling a plane yields that layout,
the matrix products are as fast in it, and the fusion kernel then reads neighbouring Gaussians
from neighbouring addresses, one per SIMD lane, without a transposition anywhere.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ChannelLinear(nn.Linear):
    """`nn.Linear` acting on the first axis: [in, N] -> [out, N]."""

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        if self.bias is None:
            return self.weight @ x
        return torch.addmm(self.bias[:, None], self.weight, x)


def two_layers(inputs: int, hidden: int, outputs: int, *, bias: bool) -> nn.Sequential:
    """Linear, ReLU, Linear on [inputs, N]."""
    return nn.Sequential(
        ChannelLinear(inputs, hidden, bias=bias),
        nn.ReLU(inplace=True),
        ChannelLinear(hidden, outputs, bias=bias),
    )
