"""S3FD, the single shot scale-invariant face detector (Zhang et al. 2017), in its two uses.

SyncNet's pipeline (joonson/syncnet_python detectors/s3fd) and face-alignment
(1adrianb/face-alignment detection/sfd) run the same layers, and differ in nearly everything
around them: `Protocol` names every difference, so that each is exact and neither is implied.
The state-dict keys are those of SyncNet's `sfd_face.pth`; `from_fan` translates those of
face-alignment's `s3fd-619a316812.pth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from metrics.backbones.load import load_into, read_state


@dataclass(frozen=True)
class Protocol:
    """What surrounds the layers; every field is a place where the two uses differ."""

    order: str  # of the channels as the network sees them: "rgb" or "bgr"
    dilation: int  # of the first layer after the trunk
    padding: int  # of the same layer; 3 without dilation makes its map 4 larger than its input
    ceil: bool  # third pooling rounds sizes up
    margin: float  # 1 where a box's width counts both its edge pixels in the overlap
    most: int  # anchors looked at, best first; 0 is all
    keep: int  # boxes kept after that; 0 is all
    confidence: float  # probability above which a box is a face
    last_overlap: float | None  # a second suppression among the faces, in pixels
    normalised: bool  # first suppression in units of the image, single precision


#: `S3FD.detect_faces` as `run_pipeline.py` calls it (which also reduces the image to 0.25).
SYNC = Protocol(
    order="rgb",
    dilation=6,
    padding=6,
    ceil=True,
    margin=0.0,
    most=5000,
    keep=750,
    confidence=0.9,
    last_overlap=0.1,
    normalised=True,
)
#: `SFDDetector.detect_from_image` of face-alignment.
FAN = Protocol(
    order="bgr",
    dilation=1,
    padding=3,
    ceil=False,
    margin=1.0,
    most=0,
    keep=0,
    confidence=0.5,
    last_overlap=None,
    normalised=False,
)

#: Trunk: name in face-alignment's file -> index in `vgg`, in the order of the layers.
_TRUNK = {
    "conv1_1": 0, "conv1_2": 2,
    "conv2_1": 5, "conv2_2": 7,
    "conv3_1": 10, "conv3_2": 12, "conv3_3": 14,
    "conv4_1": 17, "conv4_2": 19, "conv4_3": 21,
    "conv5_1": 24, "conv5_2": 26, "conv5_3": 28,
    "fc6": 31, "fc7": 33,
}  # fmt: skip
_EXTRAS = ("conv6_1", "conv6_2", "conv7_1", "conv7_2")
_LEVELS = ("conv3_3_norm", "conv4_3_norm", "conv5_3_norm", "fc7", "conv6_2", "conv7_2")
#: face-alignment's prefix -> ours.
FAN_NAMES: Mapping[str, str] = {
    **{name: f"vgg.{index}" for name, index in _TRUNK.items()},
    **{name: f"extras.{k}" for k, name in enumerate(_EXTRAS)},
    **{f"conv{n}_3_norm": f"L2Norm{n}_3" for n in (3, 4, 5)},
    **{f"{name}_mbox_loc": f"loc.{k}" for k, name in enumerate(_LEVELS)},
    **{f"{name}_mbox_conf": f"conf.{k}" for k, name in enumerate(_LEVELS)},
}


def from_fan(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of face-alignment's file under our names; unknown keys stay as they are."""
    out = {}
    for key, value in state.items():
        prefix, _, leaf = key.rpartition(".")
        out[f"{FAN_NAMES[prefix]}.{leaf}" if prefix in FAN_NAMES else key] = value
    return out


class L2Norm(nn.Module):
    """Scales every place's channel vector to length one, times a weight per channel."""

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), float(scale)))

    def forward(self, x: Tensor) -> Tensor:
        """[B,C,H,W] of the same shape."""
        norm = x.square().sum(1, keepdim=True).sqrt() + 1e-10
        return x / norm * self.weight[:, None, None]


def _trunk(protocol: Protocol) -> nn.ModuleList:
    layers: list[nn.Module] = []
    channels = 3
    for block, (width, depth) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2, 2, ceil_mode=protocol.ceil and block == 2))
    layers += [
        nn.Conv2d(512, 1024, 3, padding=protocol.padding, dilation=protocol.dilation),
        nn.ReLU(inplace=True),
        nn.Conv2d(1024, 1024, 1),
        nn.ReLU(inplace=True),
    ]
    return nn.ModuleList(layers)


class S3FD(nn.Module):
    """Face probability and box regression at six scales.

    The protocol, `SYNC` or `FAN`, is part of the architecture: two layers differ.
    """

    def __init__(self, protocol: Protocol = SYNC) -> None:
        super().__init__()
        self.protocol = protocol
        self.vgg = _trunk(protocol)
        self.L2Norm3_3, self.L2Norm4_3 = L2Norm(256, 10), L2Norm(512, 8)
        self.L2Norm5_3 = L2Norm(512, 5)
        self.extras = nn.ModuleList(
            [
                nn.Conv2d(1024, 256, 1),
                nn.Conv2d(256, 512, 3, 2, padding=1),
                nn.Conv2d(512, 128, 1),
                nn.Conv2d(128, 256, 3, 2, padding=1),
            ]
        )
        widths = (256, 512, 512, 1024, 512, 256)
        self.loc = nn.ModuleList(nn.Conv2d(c, 4, 3, padding=1) for c in widths)
        # Level one has three background classes, of which the strongest counts.
        self.conf = nn.ModuleList(
            nn.Conv2d(c, 4 if k == 0 else 2, 3, padding=1) for k, c in enumerate(widths)
        )

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Maps of face probability and regression by level.

        Args:
            x: [B,3,H,W] in 0..255 with the mean taken off, channels in the protocol's order.

        Returns:
            probabilities [B,h,w] and regressions [B,4,h,w] of the six levels.

        """
        sources = []
        norms = {15: self.L2Norm3_3, 22: self.L2Norm4_3, 29: self.L2Norm5_3}
        for index, layer in enumerate(self.vgg):
            x = layer(x)
            if index in norms:
                sources.append(norms[index](x))
        sources.append(x)
        for k, layer in enumerate(self.extras):
            x = F.relu(layer(x))
            if k % 2:
                sources.append(x)
        scores = [head(s) for head, s in zip(self.conf, sources, strict=True)]
        scores[0] = torch.cat([scores[0][:, :3].amax(1, keepdim=True), scores[0][:, 3:]], 1)
        boxes = [head(s) for head, s in zip(self.loc, sources, strict=True)]
        return [s.softmax(1)[:, 1] for s in scores], boxes


def load_s3fd(path: Path, protocol: Protocol, device: str = "cpu") -> S3FD:
    """The detector with the weights of either file, whichever names its keys have.

    Raises:
        BadInput: the file cannot be read or is of another network.

    """
    return load_into(S3FD(protocol), from_fan(read_state(path)), path, device)
