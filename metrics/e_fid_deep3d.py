"""E-FID over the 64 expression coefficients of Deep3DFaceRecon."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import FrameBatch, MetricResult, MetricSpec
from metrics.common.alignment import Cut, crops
from metrics.common.distribution import TRAPS, Distribution, frechet_columns
from metrics.common.faces import EXTRACTORS, Faces
from metrics.common.frechet import FORMULA
from metrics.common.numerics import spread
from metrics.common.pairs import FacePairs

if TYPE_CHECKING:
    from metrics.backbones.resnet50 import ReconNet

#: Faces that pass through the network together: bounds its memory.
CHUNK = 16

SPECS = (
    MetricSpec(
        id="e_fid/deep3d",
        title="E-FID (Deep3DFaceRecon)",
        entry="metrics.e_fid_deep3d:Deep3DEFID",
        columns=frechet_columns(
            "e_fid/deep3d", "64 Deep3DFaceRecon expression coefficients, frames pooled"
        ),
        reference="EMO (2402.17485): FID of expression parameters of Deng et al.'s "
        "reconstruction; sicxu/Deep3DFaceRecon_pytorch net_recon, outputs 80 to 143",
        formula=f"{FORMULA}, m and S of 64 expression coefficients over all frames",
        traps=(
            "No paper has published its E-FID code: extractor, pooling and frames are often "
            "unstated.",
            "Hallo2 uses 79 tracked BFM coefficients instead: see e_fid/bfm79.",
            "EchoMimic's text mentions Inception features, which cannot be computed from 64 "
            "coefficients.",
            "The crop depends on the landmarks: the reference's examples come with five points, "
            "here these are derived from FAN's 68.",
            *TRAPS,
        ),
        weights=(*EXTRACTORS["fan"], "deep3d-recon", "deep3d-landmarks"),
        domain="photo",
        options={"extractor": "fan", "basis": "deep3d"},
    ),
)


class Deep3DEFID(FacePairs, Distribution):
    """Fréchet distance of expressions that Deep3DFaceRecon's network sees in aligned crops."""

    no_feature = ("no_alignment", "has landmarks that give no crop")

    @cached_property
    def _network(self) -> ReconNet:
        from metrics.backbones.resnet50 import open_recon

        return open_recon(self.weights["deep3d-recon"], self.device)

    @cached_property
    def _align(self) -> Cut:
        from metrics.backbones.deep3d_align import align, standard_face

        return partial(align, standard=standard_face(self.weights["deep3d-landmarks"]))

    def look(self, batch: FrameBatch, side: str, found: Faces) -> np.ndarray:
        """Deep3DFaceRecon's expression [B,64]; NaN where there is no aligned crop."""
        places, faces = batch.cache.get(
            f"deep3d/crops/{self.extractor}/{side}",
            lambda: crops(getattr(batch, side), found, self._align),
        )
        return spread(expressions(self._network, faces), places, len(found.found))

    def score(self, prediction: np.ndarray, truth: np.ndarray, frames: np.ndarray) -> MetricResult:
        """Distance of expressions [n,64]."""
        result = self.compare(prediction, truth, frames)
        result.details |= {
            "basis": "64 expression coefficients of Deng et al.'s face model",
            "crop": "five points of 68 landmarks fitted to a standard face, 224x224",
            "resize": "PIL bicubic of the whole frame, then cut",
        }
        return result


def expressions(network: ReconNet, crops: np.ndarray) -> np.ndarray:
    """Expression coefficients float64 [n,64] of aligned crops uint8 RGB [n,224,224,3]."""
    import torch

    from metrics.backbones.resnet50 import part

    device = next(network.parameters()).device
    found = [np.zeros((0, 64))]
    with torch.inference_mode():
        for start in range(0, len(crops), CHUNK):
            x = torch.from_numpy(crops[start : start + CHUNK]).to(device)
            coefficients = network(x.permute(0, 3, 1, 2).float() / 255)
            found.append(coefficients[:, part("exp")].cpu().numpy())
    return np.concatenate(found)
