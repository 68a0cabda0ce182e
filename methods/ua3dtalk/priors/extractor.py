"""Prior Extraction proper: content and style networks, cross-fitted over the training part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.contracts import Progress
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.content import (
    ContentNets,
    content_inputs,
    predict_content,
    train_content,
)
from methods.ua3dtalk.priors.folds import assign_folds, held_out_sets, visible
from methods.ua3dtalk.priors.style import (
    FuseNet,
    StyleNet,
    predict_style,
    style_inputs,
    train_style,
)
from methods.ua3dtalk.priors.target import prediction_errors


@dataclass
class PriorExtractor:
    """One content, style and fuse network per fold; a new sound gets the mean of their outputs."""

    content: ContentNets  # models: the folds, then (during fitting only) the pairs of folds
    style: list[StyleNet]
    fuse: list[FuseNet]
    config: PriorConfig

    @torch.inference_mode()
    def features(self, audio: np.ndarray, fps: float, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Content and style of any sound, float32 [count,64] each."""
        device = self.content.input_mean.device
        mels = content_inputs(audio, fps, count, self.config).to(device)
        chunks = style_inputs(audio, fps, count).to(device)
        content = predict_content(self.content, mels)[: self.config.folds].mean(0)
        styles = [predict_style(net, chunks, self.config.style_segment) for net in self.style]
        return content.cpu().numpy(), torch.stack(styles).mean(0).cpu().numpy()

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Weights, and what else is needed to build the networks again."""
        arrays = {}
        for name, net in self._networks():
            arrays |= {f"{name}.{k}": v.cpu().numpy() for k, v in net.state_dict().items()}
        return arrays, {"models": self.content.models}

    @classmethod
    def restore(
        cls,
        arrays: dict[str, np.ndarray],
        meta: dict[str, Any],
        config: PriorConfig,
        device: torch.device,
    ) -> PriorExtractor:
        """Build the networks that `state` described."""
        folds = range(config.folds)
        made = cls(
            ContentNets(meta["models"], config),
            [StyleNet(config) for _ in folds],
            [FuseNet() for _ in folds],
            config,
        )
        for name, net in made._networks():
            own = {k: arrays[f"{name}.{k}"] for k in net.state_dict()}
            net.load_state_dict({k: torch.from_numpy(v) for k, v in own.items()})
            net.to(device).eval()
        return made

    def _networks(self) -> list[tuple[str, torch.nn.Module]]:
        listed = [("content", self.content)]
        listed += [(f"style{k}", net) for k, net in enumerate(self.style)]
        return listed + [(f"fuse{k}", net) for k, net in enumerate(self.fuse)]


def fit_extractor(
    audio: np.ndarray,
    fps: float,
    target: np.ndarray,
    config: PriorConfig,
    device: torch.device,
    progress: Progress,
) -> tuple[PriorExtractor, np.ndarray, np.ndarray, dict[str, Any]]:
    """Train on a part and predict its own frames out of fold.

    Args:
        audio: float32 [S] at 16 kHz.
        fps: frames per second.
        target: float32 [T,64], standardised expression.
        config: sizes and schedules.
        device: where to train.
        progress: told of every stage.

    Returns:
        The networks, content [T,64], style [T,64], and a record of held-out errors.

    """
    count = len(target)
    mels = content_inputs(audio, fps, count, config).to(device)
    chunks = style_inputs(audio, fps, count).to(device)
    truth = torch.from_numpy(target).to(device)
    assigned = assign_folds(count, config.folds, config.blocks)
    held_out = held_out_sets(config.folds)
    seen = torch.from_numpy(np.stack([visible(assigned, s) for s in held_out])).to(device)
    fold = torch.from_numpy(assigned).to(device)

    nets = train_content(mels, truth, seen, config, progress)
    predicted = predict_content(nets, mels).clone()
    rows = torch.arange(count, device=device)
    content = predicted[fold, rows]

    style = torch.zeros_like(content)
    fused = torch.zeros_like(content)
    styles, fuses = [], []
    initial = torch.random.get_rng_state()
    for k in range(config.folds):
        # Every fold starts from the same weights, so that their latents stay comparable.
        torch.random.set_rng_state(initial)
        nested = torch.stack(
            [
                predicted[held_out.index((min(j, k), max(j, k)) if j != k else (k,))]
                for j in range(config.folds)
            ]
        )[fold, rows]
        style_net, fuse_net = train_style(chunks, nested, truth, seen[k], config, progress)
        own = fold == k
        latent = predict_style(style_net, chunks, config.style_segment)
        style[own] = latent[own]
        with torch.inference_mode():
            fused[own] = fuse_net(content, latent)[own]
        styles.append(style_net)
        fuses.append(fuse_net)

    extractor = PriorExtractor(_only(nets, config), styles, fuses, config)
    in_sample, _ = extractor.features(audio, fps, count)
    record = {
        "content_held_out": prediction_errors(content.cpu().numpy(), target),
        "content_in_sample": prediction_errors(in_sample, target),
        "fused_held_out": prediction_errors(fused.cpu().numpy(), target),
    }
    return extractor, content.cpu().numpy(), style.cpu().numpy(), record


def _only(nets: ContentNets, config: PriorConfig) -> ContentNets:
    """The networks of single folds, without those of pairs."""
    kept = ContentNets(config.folds, config).to(nets.input_mean.device)

    def head(name: str, value: Tensor) -> Tensor:
        grouped = not name.startswith("input_")
        return value[: len(value) * config.folds // nets.models] if grouped else value

    kept.load_state_dict({name: head(name, value) for name, value in nets.state_dict().items()})
    return kept.eval()
