"""LPIPS with AlexNet on random patches, where the weights are present.

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

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Distance of two images [3,H,W] in [0, 1], at least 32 pixels a side."""
        both = zip(self.taps(image[None]), self.taps(target[None]), self.heads, strict=True)
        distances = [((x - y).square() * w[None, :, None, None]).sum(1).mean() for x, y, w in both]
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


def random_patch(
    images: list[Tensor], sizes: tuple[int, int], generator: torch.Generator
) -> list[Tensor]:
    """The same random square of every image [C,H,W], its side between two sizes.

    Squares below 32 pixels, where AlexNet has no output left, are enlarged to 32.
    """
    height, width = images[0].shape[-2:]
    low, high = sizes
    side = int(torch.randint(low, high + 1, (), generator=generator))
    side = min(side, height, width)
    top = int(torch.randint(height - side + 1, (), generator=generator))
    left = int(torch.randint(width - side + 1, (), generator=generator))
    patches = [image[..., top : top + side, left : left + side] for image in images]
    if side >= 32:
        return patches
    return [
        F.interpolate(p[None], size=(32, 32), mode="bilinear", align_corners=False)[0]
        for p in patches
    ]
