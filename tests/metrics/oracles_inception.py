"""pytorch-fid's Inception and torchvision's ResNet-50, seeded, on the pictures of `golden`."""

from __future__ import annotations

from unittest.mock import patch

import golden
import numpy as np
import torch
from torch import nn


def _seeded_load(self: nn.Module, _state: object) -> None:
    _PLAIN_LOAD(self, golden.seeded_state(self.state_dict(), 5))


_PLAIN_LOAD = nn.Module.load_state_dict


def fid_networks() -> tuple[nn.Module, nn.Module]:
    """`InceptionV3` of pytorch-fid, and the module whose keys its weight file has, both seeded."""
    from pytorch_fid import inception

    # Instead of the download: whatever is loaded is the seeded state.
    with (
        patch.object(inception, "load_state_dict_from_url", return_value={}),
        patch.object(nn.Module, "load_state_dict", _seeded_load),
    ):
        return inception.InceptionV3().eval(), inception.fid_inception_v3().eval()


def resnet50() -> nn.Module:
    """torchvision's ResNet-50 without its classifier, seeded."""
    from torchvision import models

    net = models.resnet50(weights=None)
    net.fc = nn.Identity()
    net.load_state_dict(golden.seeded_state(net.state_dict(), 6))
    return net.eval()


def values() -> dict[str, float]:
    """Features of two pictures, one smaller and one larger than the network wants, projected."""
    fid, _ = fid_networks()
    found = {}
    with torch.inference_mode():
        for name, picture in golden.inception_pictures().items():
            x = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
            feature = fid(x)[0].squeeze(3).squeeze(2)[0].numpy()
            found |= golden.projections(f"inception_{name}", feature)
        x = torch.from_numpy(golden.image_pair(224)[1]).permute(2, 0, 1)[None].float() / 255
        found |= golden.projections("resnet50", resnet50()(x)[0].numpy())
    return {name: float(np.float64(value)) for name, value in found.items()}
