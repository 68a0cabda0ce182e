"""Prior Extraction proper: content and style networks, cross-fitted over the training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from harness.contracts import Progress
from methods.speech.experts.lip import LipExpert, lip_network
from methods.ua3dtalk.priors.config import CONTENT_SIZE, PriorConfig
from methods.ua3dtalk.priors.expression.choice import ContentChoice, fit_choice
from methods.ua3dtalk.priors.expression.content import content_inputs
from methods.ua3dtalk.priors.expression.style import (
    FuseNet,
    StyleNet,
    predict_style,
    style_inputs,
    train_style,
)
from methods.ua3dtalk.priors.folds import assign_folds
from methods.ua3dtalk.priors.target import prediction_errors
from methods.ua3dtalk.spans import Spans


@dataclass
class PriorExtractor:
    """Content, style and fuse networks of every fold; new sound gets the mean of their outputs."""

    content: ContentChoice | None  # None: content is 0
    style: list[StyleNet]
    fuse: list[FuseNet]
    config: PriorConfig
    lips: LipExpert | None = None  # of a file; a model must not depend on that staying there

    @torch.inference_mode()
    def features(self, audio: np.ndarray, fps: float, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Content and style of any sound, float32 [count,64] each."""
        device = next(self.style[0].parameters()).device
        content = np.zeros((count, CONTENT_SIZE), np.float32)
        if self.content is not None:
            made = content_inputs(audio, fps, count, self.config, self.lips)
            blocks = [block.to(device) for block in made]
            content = self.content(blocks).mean(0).cpu().numpy()
        chunks = style_inputs(audio, fps, count).to(device)
        styles = [predict_style(net, chunks, self.config.style_segment) for net in self.style]
        return content, torch.stack(styles).mean(0).cpu().numpy()

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Weights by name; nothing else is needed beside the configuration."""
        stated = self.content.state() if self.content else {}
        arrays = {f"content.{k}": v for k, v in stated.items()}
        if self.lips is not None:
            arrays |= {f"lips.{k}": v.cpu().numpy() for k, v in self.lips.state_dict().items()}
        for name, net in self._networks():
            arrays |= {f"{name}.{k}": v.cpu().numpy() for k, v in net.state_dict().items()}
        return arrays, {}

    @classmethod
    def restore(
        cls, arrays: dict[str, np.ndarray], config: PriorConfig, device: torch.device
    ) -> PriorExtractor:
        """Build the networks that `state` described."""

        def under(name: str) -> dict[str, np.ndarray]:
            return {k[len(name) + 1 :]: v for k, v in arrays.items() if k.startswith(f"{name}.")}

        folds = range(config.folds)
        made = cls(
            ContentChoice.restore(under("content"), device) if under("content") else None,
            [StyleNet(config) for _ in folds],
            [FuseNet() for _ in folds],
            config,
            lip_network({k: torch.from_numpy(v) for k, v in under("lips").items()})
            if under("lips")
            else None,
        )
        for name, net in made._networks():
            net.load_state_dict({k: torch.from_numpy(v) for k, v in under(name).items()})
            net.to(device).eval()
        return made

    def _networks(self) -> list[tuple[str, torch.nn.Module]]:
        listed = [(f"style{k}", net) for k, net in enumerate(self.style)]
        return listed + [(f"fuse{k}", net) for k, net in enumerate(self.fuse)]


def fit_extractor(
    sounds: Sequence[np.ndarray],
    fps: float,
    spans: Spans,
    target: np.ndarray,
    config: PriorConfig,
    device: torch.device,
    progress: Progress,
    lips: LipExpert | None = None,
) -> tuple[PriorExtractor, np.ndarray, np.ndarray, dict[str, Any]]:
    """Train on sequences and predict their own frames out of fold.

    Args:
        sounds: float32 [S] at 16 kHz of each sequence.
        fps: frames per second.
        spans: frames of each sequence.
        target: float32 [T,64], standardised expression.
        config: sizes and schedules.
        device: where to train.
        progress: called with stages `content` and `style`.
        lips: the lip expert, where `config.expert` names a file.

    Returns:
        The networks, content [T,64], style [T,64], and a record of held-out errors.

    """
    truth = torch.from_numpy(target).to(device)
    folds = assign_folds(spans.counts, fps, config.folds, config.block_seconds)
    assigned = torch.from_numpy(folds).to(device)
    parts = list(zip(sounds, spans.counts, strict=True))
    rows = torch.arange(spans.count, device=device)
    model, nested = None, truth.new_zeros(config.folds, config.folds, *truth.shape)
    record: dict[str, Any] = {"content": config.content}
    if config.content != "none":
        progress("content", 0, 1)
        made = zip(*(content_inputs(a, fps, n, config, lips) for a, n in parts), strict=True)
        blocks = [torch.cat(block).to(device) for block in made]
        model, nested = fit_choice(blocks, truth, assigned, config)
        record["content_from"] = model.taken()
        in_sample = model(blocks).mean(0)
        record["content_in_sample"] = prediction_errors(in_sample.cpu().numpy(), target)
        progress("content", 1, 1)
    content = nested[assigned, assigned, rows]

    chunks = torch.cat([style_inputs(a, fps, n) for a, n in parts]).to(device)
    style, fused = torch.zeros_like(content), torch.zeros_like(content)
    styles, fuses = [], []
    initial = torch.random.get_rng_state()
    for k in range(config.folds):
        # Every fold starts from the same weights, so that their latents stay comparable.
        torch.random.set_rng_state(initial)
        own = assigned == k
        style_net, fuse_net = train_style(
            chunks, nested[k, assigned, rows], truth, ~own, spans, config, progress, k
        )
        latent = torch.cat(
            [
                predict_style(style_net, chunks[span.start : span.stop], config.style_segment)
                for span in spans
            ]
        )
        style[own] = latent[own]
        with torch.inference_mode():
            fused[own] = fuse_net(content, latent)[own]
        styles.append(style_net)
        fuses.append(fuse_net)

    extractor = PriorExtractor(model, styles, fuses, config, lips)
    if config.content == "expert":
        record["expert"] = config.expert
    record |= {
        "content_held_out": prediction_errors(content.cpu().numpy(), target),
        "fused_held_out": prediction_errors(fused.cpu().numpy(), target),
    }
    return extractor, content.cpu().numpy(), style.cpu().numpy(), record
