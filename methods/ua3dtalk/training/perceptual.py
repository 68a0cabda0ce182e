"""LPIPS with AlexNet on patches, where the weights are present.

A method may not import the metrics, and training needs gradients through patches only; so
this is the network reduced to its five convolutions, under torchvision's state-dict keys.

Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features" (arXiv 1801.03924),
lpips 0.1.4.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harness.contracts import HarnessError
from harness.files.tensors import tensors_by_name
from harness.weights import resolve

TRUNK, HEADS = "lpips-alexnet", "lpips-alex-heads"
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class PatchPerceptual(nn.Module):
    """LPIPS (AlexNet, version 0.1) between two images of the same size."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
        )
        self.heads = nn.ParameterList(torch.zeros(c) for c in (64, 192, 384, 256, 256))
        self.register_buffer("shift", torch.tensor(_SHIFT)[:, None, None])
        self.register_buffer("scale", torch.tensor(_SCALE)[:, None, None])

    def taps(self, images: Tensor) -> list[Tensor]:
        """Unit-normalised features after each ReLU, for images [B,3,H,W] in [0, 1]."""
        x, found = ((2 * images - 1) - self.shift) / self.scale, []
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                found.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Mean distance of pairs of images [B,3,H,W] in [0, 1], 0-dimensional.

        Images below 32 pixels a side, where AlexNet has no output left, are enlarged to 32.
        """
        both = (self.taps(_enlarged(each)) for each in (images, targets))
        pairs = zip(*both, self.heads, strict=True)
        distances = [((x - y).square() * w[None, :, None, None]).sum(1).mean() for x, y, w in pairs]
        return torch.stack(distances).sum()


def load_perceptual(device: str) -> tuple[PatchPerceptual | None, str]:
    """The network with its weights, or None and the reason why there is none."""
    try:
        trunk, heads = tensors_by_name(resolve(TRUNK)), tensors_by_name(resolve(HEADS))
    except HarnessError as error:
        return None, str(error)
    network = PatchPerceptual()
    network.features.load_state_dict(
        {k.removeprefix("features."): v for k, v in trunk.items() if k.startswith("features.")}
    )
    for i, head in enumerate(network.heads):
        head.data = heads[f"lin{i}.model.1.weight"].flatten()
    return network.requires_grad_(False).eval().to(device), f"{TRUNK}, {HEADS}"


def patch_side(sides: tuple[int, int], generator: torch.Generator) -> int:
    """An even number of pixels between two (the released code draws half of it)."""
    low, high = (side // 2 for side in sides)
    return 2 * int(torch.randint(low, high + 1, (), generator=generator))


def patches(image: Tensor, side: int) -> Tensor:
    """All whole squares of a grid over an image [C,H,W]: [B,C,side,side].

    The squares are as large as the image's shorter side where that is less.
    """
    side = min(side, *image.shape[-2:])
    squares = image.unfold(1, side, side).unfold(2, side, side)
    return squares.permute(1, 2, 0, 3, 4).flatten(0, 1)


def _enlarged(images: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    if min(height, width) >= 32:
        return images
    size = (max(height, 32), max(width, 32))
    return F.interpolate(images, size=size, mode="bilinear", align_corners=False)
