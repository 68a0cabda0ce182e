"""LPIPS of whole frames, over AlexNet, VGG16, and the synthetic domain's own trunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import Clip, Column, Failure, FrameBatch, Metric, MetricResult, MetricSpec

if TYPE_CHECKING:
    from metrics.backbones.lpips import LPIPS as Network

#: Frames that pass through a trunk together: bounds the memory of VGG16 at 512x512.
CHUNK = 8


def _spec(variant: str, title: str, weights: tuple[str, ...], domain: str, trunk: str):
    name = f"lpips/{variant}"
    return MetricSpec(
        id=name,
        title=title,
        entry="metrics.lpips:LPIPS",
        columns=(Column(name, "down", "", (0.0, None), "perceptual distance, mean of frames"),),
        reference="richzhang/PerceptualSimilarity lpips/lpips.py v0.1, frames in [-1,1]",
        weights=weights,
        domain=domain,
        code=("metrics.backbones.lpips", f"metrics.backbones.{trunk}", "metrics.backbones.load"),
        options={"trunk": variant},
    )


SPECS = (
    _spec("alex", "LPIPS (AlexNet)", ("lpips-alexnet", "lpips-alex-heads"), "photo", "trunks"),
    _spec("vgg", "LPIPS (VGG16)", ("lpips-vgg16", "lpips-vgg-heads"), "photo", "trunks"),
    _spec(
        "synthetic",
        "LPIPS (synthetic trunk)",
        ("synthetic-perceptual",),
        "synthetic",
        "synthetic_perceptual",
    ),
)


class LPIPS(Metric):
    """Learned perceptual distance of RGB frames at their own size, normalised to [-1,1].

    The trunk is the spec's option `trunk`. Original 3DGS code feeds [0,1] without normalising,
    which gives other values; that variant is not offered under these names.
    """

    _network: Network | None = None

    def _load(self) -> Network:
        from metrics.backbones import trunks
        from metrics.backbones.load import load_into, read_state
        from metrics.backbones.lpips import LPIPS as Network

        variant = self.spec.options["trunk"]
        if variant == "synthetic":
            from metrics.backbones.synthetic_perceptual import PerceptualTrunk

            path = self.weights["synthetic-perceptual"]
            return load_into(Network(PerceptualTrunk()), read_state(path), path, self.device)
        trunk_id, heads_id = self.spec.weights
        trunk = trunks.AlexNet() if variant == "alex" else trunks.VGG16()
        state = trunks.Trunk.select(read_state(self.weights[trunk_id]))
        joint = {f"trunk.{k}": v for k, v in state.items()}
        joint |= Network.head_keys(read_state(self.weights[heads_id]))
        return load_into(Network(trunk), joint, self.weights[trunk_id], self.device)

    def begin(self, clip: Clip) -> None:
        """Start a clip; the network is read at the first one."""
        self._network = self._network or self._load()
        self._scores: list[np.ndarray] = []

    def update(self, batch: FrameBatch) -> None:
        """Measure the next frames."""
        for i in range(0, len(batch.truth), CHUNK):
            part = slice(i, i + CHUNK)
            scores = distances(self._network, batch.prediction[part], batch.truth[part])
            self._scores.append(scores)

    def compute(self) -> MetricResult:
        """Average the frames."""
        name = self.spec.columns[0].name
        if not self._scores:
            failure = Failure("no_frames", "the clip has no frames")
            return MetricResult({name: None}, 0, failures=[failure])
        scores = np.concatenate(self._scores)
        return MetricResult(
            {name: float(scores.mean())},
            len(scores),
            items={name: scores},
            details={"trunk": self.spec.options["trunk"], "version": "0.1", "input": "[-1,1]"},
        )


def distances(network: Network, prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """LPIPS of each pair of frames, float64 [B], of uint8 RGB [B,H,W,3]."""
    import torch

    device = next(network.parameters()).device

    def tensor(frames: np.ndarray) -> torch.Tensor:
        x = torch.from_numpy(np.array(frames)).to(device)
        return x.permute(0, 3, 1, 2).float() / 127.5 - 1.0

    with torch.inference_mode():
        return network(tensor(prediction), tensor(truth)).double().cpu().numpy()
