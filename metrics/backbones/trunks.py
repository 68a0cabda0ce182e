"""AlexNet and VGG16 feature layers, with torchvision's state-dict keys and LPIPS' taps."""

from __future__ import annotations

from torch import Tensor, nn

#: Output channels of VGG16's convolutions; "M" is a 2x2 max-pool.
VGG16_PLAN = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512)


class Trunk(nn.Module):
    """A chain of layers under `features`, of which some outputs are tapped.

    Attributes:
        taps: indices of the tapped layers.
        channels: channels of each tap.
        together: images to give it at once: so few that features stay near the processor.

    """

    together = 4
    taps: tuple[int, ...]
    channels: tuple[int, ...]

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Tapped outputs [B,C,h,w] of x [B,3,H,W], in the order of `channels`."""
        outputs = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                outputs.append(x)
        return outputs


class AlexNet(Trunk):
    """AlexNet up to relu5 (torchvision models/alexnet.py), tapped after each ReLU."""

    taps = (1, 4, 7, 9, 11)
    channels = (64, 192, 384, 256, 256)

    def __init__(self) -> None:
        super().__init__(
            [
                nn.Conv2d(3, 64, 11, 4, 2),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(3, 2),
                nn.Conv2d(64, 192, 5, padding=2),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(3, 2),
                nn.Conv2d(192, 384, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.Conv2d(384, 256, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.Conv2d(256, 256, 3, padding=1),
                nn.ReLU(inplace=True),
            ]
        )


class VGG16(Trunk):
    """VGG16 up to relu5_3 (torchvision models/vgg.py), tapped at relu1_2, 2_2, 3_3, 4_3, 5_3."""

    together = 1
    taps = (3, 8, 15, 22, 29)
    channels = (64, 128, 256, 512, 512)

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        width = 3
        for step in VGG16_PLAN:
            if step == "M":
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(width, int(step), 3, padding=1), nn.ReLU(inplace=True)]
                width = int(step)
        super().__init__(layers)
