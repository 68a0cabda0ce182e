"""SyncNet (Chung & Zisserman 2016), with the keys of `syncnet_v2.model`.

Architecture and inputs: joonson/syncnet_python SyncNetModel.py.
"""

from __future__ import annotations

from torch import Tensor, nn


def _conv3d(i: int, o: int, kernel: tuple, stride: tuple = (1, 1, 1), pad: tuple = (0, 0, 0)):
    return [nn.Conv3d(i, o, kernel, stride, pad), nn.BatchNorm3d(o), nn.ReLU()]


def _conv2d(i: int, o: int, kernel: tuple = (3, 3), pad: int = 1):
    return [nn.Conv2d(i, o, kernel, padding=pad), nn.BatchNorm2d(o), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, SyncNet.width)
    )


class SyncNet(nn.Module):
    """Embeds five lip frames and 0.2 s of sound in one space of 1024 dimensions.

    Attributes:
        size: side of the square face crop in pixels.
        frame_range: frames are BGR in 0..255, neither scaled nor centred.

    """

    width, size, frame_range = 1024, 224, "bgr255"

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_conv2d(1, 64),
            nn.MaxPool2d((1, 1), (1, 1)),
            *_conv2d(64, 192),
            nn.MaxPool2d((3, 3), (1, 2)),
            *_conv2d(192, 384),
            *_conv2d(384, 256),
            *_conv2d(256, 256),
            nn.MaxPool2d((3, 3), (2, 2)),
            *_conv2d(256, 512, (5, 4), 0),
        )
        self.netfcaud = _head()
        self.netfclip = _head()
        across = (1, 3, 3), (1, 1, 1), (0, 1, 1)
        self.netcnnlip = nn.Sequential(
            *_conv3d(3, 96, (5, 7, 7), (1, 2, 2)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_conv3d(96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_conv3d(256, 256, *across),
            *_conv3d(256, 256, *across),
            *_conv3d(256, 256, *across),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_conv3d(256, 512, (1, 6, 6)),
        )

    def forward_lip(self, frames: Tensor) -> Tensor:
        """Lip embedding [B,1024] of frames [B,3,5,224,224], BGR 0..255."""
        return self.netfclip(self.netcnnlip(frames).flatten(1))

    def forward_aud(self, mfcc: Tensor) -> Tensor:
        """Sound embedding [B,1024] of MFCC [B,1,13,20], 100 columns a second."""
        return self.netfcaud(self.netcnnaud(mfcc).flatten(1))
