"""3x3 convolutions by Winograd's minimal filtering F(4x4,3x3), for a CPU (Lavin & Gray 2016).

A tile of 4x4 outputs takes 36 products a channel instead of 144. Transforms cost what is won
where channels are few, and rounding grows to about 1e-5 of the values: for networks whose
outputs are averaged, not for those that are compared or cut to whole pixels.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from metrics.backbones.load import Net

#: Rows and columns that a tile reads, and that it gives.
READ, GIVE = 6, 4
#: Channels in and out together below which the plain convolution is as fast.
FEWEST = 192
#: Tiles that pass together where both channels are 128; more of wider ones keep products large.
TILES = 112

_INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_KERNEL = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))


@cache
def _both_axes(rows: tuple[tuple[float, ...], ...]) -> Tensor:
    """A transform along one axis as one along both, float64."""
    matrix = torch.tensor(rows, dtype=torch.float64)
    return torch.kron(matrix, matrix)


class Winograd(nn.Module):
    """A convolution of 3x3, stride 1 and padding 1, in evaluation mode; channels last in memory."""

    kernel: Tensor
    before: Tensor
    after: Tensor
    bias: Tensor | None

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        kernel = conv.weight.detach().double().permute(2, 3, 1, 0)
        product = _both_axes(_KERNEL) @ kernel.reshape(9, -1)
        shape = (READ * READ, conv.in_channels, conv.out_channels)
        self.register_buffer("kernel", product.view(shape).float().contiguous())
        self.register_buffer("before", _both_axes(_INPUT).float())
        self.register_buffer("after", _both_axes(_OUTPUT).float())
        self.register_buffer("bias", None if conv.bias is None else conv.bias.detach().clone())
        width = conv.in_channels + conv.out_channels
        self.tiles = int(TILES * (width / 256) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """[B,K,H,W] of [B,C,H,W]."""
        batch, channels, height, width = x.shape
        down, across = -(-height // GIVE), -(-width // GIVE)
        padded = x.new_zeros(batch, GIVE * down + 2, GIVE * across + 2, channels)
        padded[:, 1 : height + 1, 1 : width + 1] = x.permute(0, 2, 3, 1)
        out = x.new_empty(batch, GIVE * down, GIVE * across, self.kernel.shape[2])
        step = max(1, self.tiles // across)
        for image, result in zip(padded, out, strict=True):
            for row in range(0, down, step):
                rows = min(step, down - row)
                band = self._band(image[GIVE * row :], rows, across)
                result[GIVE * row : GIVE * (row + rows)].view(rows, GIVE, across, GIVE, -1).copy_(
                    band.permute(2, 0, 3, 1, 4)
                )
        if self.bias is not None:
            out += self.bias
        return out[:, :height, :width].permute(0, 3, 1, 2)

    def _band(self, image: Tensor, rows: int, across: int) -> Tensor:
        """Outputs [4,4,rows,across,K] of the first tiles of a padded image [h,w,C]."""
        line, place, channel = image.stride()
        tiles = image.as_strided(
            (READ, READ, rows, across, image.shape[2]),
            (line, place, GIVE * line, GIVE * place, channel),
        )
        spread = self.before @ tiles.reshape(READ * READ, -1)
        products = torch.bmm(spread.view(READ * READ, rows * across, -1), self.kernel)
        together = self.after @ products.view(READ * READ, -1)
        return together.view(GIVE, GIVE, rows, across, -1)


def use_winograd(net: Net) -> Net:
    """A frozen network with its wide 3x3 convolutions done by Winograd's algorithm.

    Its state is no longer that of the file. On another device than the CPU nothing is changed:
    the libraries there choose for themselves.
    """
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.Conv2d and _suits(layer):
                setattr(parent, name, Winograd(layer))
    return net


def _suits(conv: nn.Conv2d) -> bool:
    return (
        conv.kernel_size == (3, 3)
        and conv.stride == conv.padding == conv.dilation == (1, 1)
        and conv.groups == 1
        and conv.padding_mode == "zeros"
        and conv.in_channels + conv.out_channels >= FEWEST
        and conv.weight.device.type == "cpu"
    )
