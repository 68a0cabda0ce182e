"""LPIPS of whole frames, over AlexNet, VGG16, and the synthetic domain's own trunk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.contracts import Clip, Column, Failure, FrameBatch, Metric, MetricResult, MetricSpec
from metrics.common.numerics import mean_result
from metrics.common.shared import shared

if TYPE_CHECKING:
    import torch

    from metrics.backbones.lpips import PerceptualDistance as Network

#: Trunk -> its weights ids and the domain it was trained on.
TRUNKS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "alex": (("lpips-alexnet", "lpips-alex-heads"), "photo"),
    "vgg": (("lpips-vgg16", "lpips-vgg-heads"), "photo"),
    "synthetic": (("synthetic-perceptual",), "synthetic"),
}
#: What 8-bit levels 0..255 become before the trunk's own shift and scale.
INPUTS: Mapping[str, tuple[float, float]] = {"[-1,1]": (-1.0, 1.0), "[0,1]": (0.0, 1.0)}

REFERENCE = "richzhang/PerceptualSimilarity lpips/lpips.py v0.1"
_FORMULA = (
    "sum over taps l of mean over places of sum_c w_lc (a_lc - b_lc)^2, a and b: features "
    "of unit length over channels"
)
TRAPS = (
    "AlexNet and VGG16 give values on different scales; papers often report `LPIPS` without "
    "naming the network.",
    "Input [0,1] fed as if it were [-1,1], as original 3DGS does, changes values several-fold.",
    "It depends on the resolution: frames are scored at their own size, without resizing.",
)


def _spec(name: str, title: str, trunk: str, scale: str, reference: str, *traps: str) -> MetricSpec:
    weights, domain = TRUNKS[trunk]
    return MetricSpec(
        id=name,
        title=title,
        entry="metrics.lpips:LPIPS",
        columns=(Column(name, "down", "", (0.0, None), "perceptual distance, mean of frames"),),
        reference=reference,
        formula=f"{_FORMULA}; frames in {scale}, mean over frames",
        traps=(*traps, *TRAPS),
        weights=weights,
        domain=domain,
        options={"trunk": trunk, "input": scale},
    )


SPECS = (
    _spec("lpips/alex", "LPIPS (AlexNet)", "alex", "[-1,1]", f"{REFERENCE}, frames in [-1,1]"),
    _spec("lpips/vgg", "LPIPS (VGG16)", "vgg", "[-1,1]", f"{REFERENCE}, frames in [-1,1]"),
    _spec(
        "lpips/vgg-3dgs",
        "LPIPS (VGG16, frames in [0,1] as in original 3DGS)",
        "vgg",
        "[0,1]",
        "graphdeco-inria/gaussian-splatting metrics.py (lpipsPyTorch, net_type vgg); torchmetrics "
        "with net_type vgg and normalize=False given frames in [0,1]",
        "Not LPIPS as its authors intended: only for comparison with 3DGS papers.",
    ),
    _spec(
        "lpips/synthetic",
        "LPIPS (synthetic trunk)",
        "synthetic",
        "[-1,1]",
        f"{REFERENCE}, frames in [-1,1]",
    ),
)


def open_network(trunk: str, weights: Mapping[str, Path], device: str = "cpu") -> Network:
    """The network of a trunk; one for all metrics that hold it at the same time.

    Raises:
        BadInput: a weight file is not that of the trunk or of the heads.

    """
    files = tuple(weights[name] for name in TRUNKS[trunk][0])
    return shared(_read, trunk, files, device)


def _read(trunk: str, files: tuple[Path, ...], device: str) -> Network:
    from metrics.backbones import trunks
    from metrics.backbones.load import channels_last, load_into, read_state
    from metrics.backbones.lpips import PerceptualDistance as Network
    from metrics.backbones.synthetic_perceptual import PerceptualTrunk
    from metrics.backbones.winograd import use_winograd

    state = read_state(files[0])
    if trunk == "synthetic":
        return channels_last(load_into(Network(PerceptualTrunk()), state, files[0], device))
    state = {f"trunk.{k}": v for k, v in state.items() if k.startswith("features.")}
    for key, head in read_state(files[1]).items():
        if key.endswith("model.1.weight"):
            state[f"heads.{key.partition('.')[0]}"] = head
    chosen = trunks.AlexNet() if trunk == "alex" else trunks.VGG16()
    network = load_into(Network(chosen), state, files[0], device)
    return channels_last(use_winograd(network) if trunk == "vgg" else network)


def layers(
    network: Network, prediction: np.ndarray, truth: np.ndarray, scale: str = "[-1,1]"
) -> list[torch.Tensor]:
    """Differences [B,h,w] at every tap, on the CPU, of uint8 RGB [B,H,W,3]."""
    import torch

    device = next(network.parameters()).device
    low, high = INPUTS[scale]

    def tensor(frames: np.ndarray) -> torch.Tensor:
        x = torch.from_numpy(np.array(frames)).to(device)
        return x.permute(0, 3, 1, 2).float() / (255.0 / (high - low)) + low

    parts = []
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        for i in range(0, len(truth), network.trunk.together):
            part = slice(i, i + network.trunk.together)
            parts.append(network.layers(tensor(prediction[part]), tensor(truth[part])))
    return [torch.cat([m.cpu() for m in tap]) for tap in zip(*parts, strict=True)]


def distances(
    network: Network, prediction: np.ndarray, truth: np.ndarray, scale: str = "[-1,1]"
) -> np.ndarray:
    """LPIPS of each pair of frames, float64 [B], of uint8 RGB [B,H,W,3]."""
    from metrics.backbones.lpips import total

    return total(layers(network, prediction, truth, scale)).double().numpy()


class Perceptual(Metric):
    """What whole frames and regions have in common: a network, asked once per batch."""

    @cached_property
    def _network(self) -> Network:
        return open_network(self.spec.options["trunk"], self.weights, self.device)

    def layers(self, batch: FrameBatch) -> list[torch.Tensor]:
        """Differences at every tap, once per batch for all metrics of this trunk and input."""
        trunk, scale = self.spec.options["trunk"], self.spec.options["input"]
        return batch.cache.get(
            f"lpips/{trunk}/{scale}",
            lambda: layers(self._network, batch.prediction, batch.truth, scale),
        )

    def described(self) -> dict[str, object]:
        """Trunk, version and input."""
        options = self.spec.options
        return {"trunk": options["trunk"], "version": "0.1", "input": options["input"]}


class LPIPS(Perceptual):
    """Learned perceptual distance of RGB frames at their own size.

    The trunk and the range of its input are the spec's options `trunk` and `input`.
    """

    def begin(self, clip: Clip) -> None:
        """Start a sequence."""
        self._scores: list[np.ndarray] = []

    def update(self, batch: FrameBatch) -> None:
        """Measure the next frames."""
        from metrics.backbones.lpips import total

        self._scores.append(total(self.layers(batch)).double().numpy())

    def compute(self) -> MetricResult:
        """Average the frames."""
        name = self.spec.columns[0].name
        if not self._scores:
            failure = Failure("no_frames", "the sequence has no frames")
            return MetricResult({name: None}, 0, failures=[failure])
        return mean_result({name: np.concatenate(self._scores)}, details=self.described())
