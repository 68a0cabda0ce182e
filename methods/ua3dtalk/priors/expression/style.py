"""Style features: StyleNet and FuseNet, trained by reconstructing the expression.

Sizes of the `paper` preset follow NeRF-3DTalker `talker_trainer_disexp.py` (`Audio2style`,
`fus_Audio2style`): 80 x 16 mel -> 2-layer BiLSTM 640 over the frames -> 1280 -> 640 -> 320 ->
64, LeakyReLU 0.2 and dropout 0.5 after every layer; fuse [64 || 64] -> 64 -> 64.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.contracts import Progress
from methods.speech.mel import CHUNK, N_MELS, mel_chunks, melspectrogram
from methods.ua3dtalk.priors.config import CONTENT_SIZE, STYLE_SIZE, PriorConfig
from methods.ua3dtalk.spans import Spans


class StyleNet(nn.Module):
    """Mel chunks of consecutive frames -> f_tone: [B,T,80,16] -> [B,T,64]."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        inputs, hidden = N_MELS * CHUNK, config.style_hidden
        self.rnn = nn.LSTM(
            inputs, hidden, config.style_layers, batch_first=True, bidirectional=True
        )
        widths = (2 * hidden, *config.style_widths, STYLE_SIZE)
        self.layers = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(a, b), nn.LeakyReLU(0.2), nn.Dropout(config.style_dropout))
                for a, b in pairwise(widths)
            )
        )

    def forward(self, chunks: Tensor) -> Tensor:
        """Style of every frame."""
        return self.layers(self.rnn(chunks.flatten(2))[0])


class FuseNet(nn.Module):
    """Content and style -> expression: [...,64] and [...,64] -> [...,64].

    Starts as their sum. Networks of different folds then read their style as a correction in
    the same expression basis, so that their outputs may stand side by side and be averaged;
    from random weights each would invent a latent space of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(CONTENT_SIZE + STYLE_SIZE, CONTENT_SIZE)
        self.second = nn.Linear(CONTENT_SIZE, CONTENT_SIZE)
        self.activation = nn.LeakyReLU(0.2)
        eye = torch.eye(CONTENT_SIZE)
        with torch.no_grad():
            self.first.weight.copy_(torch.cat([eye, eye], 1))
            self.second.weight.copy_(eye)
            # Standardised expressions lie well above -4: there the activation is the identity.
            self.first.bias.fill_(4.0)
            self.second.bias.fill_(-4.0)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Expression of every frame."""
        return self.second(self.activation(self.first(torch.cat([content, style], -1))))


def style_inputs(audio: np.ndarray, fps: float, count: int) -> Tensor:
    """Mel chunks of every frame, float32 [count,80,16]."""
    return torch.from_numpy(mel_chunks(melspectrogram(audio), fps, count))


def reconstruction_loss(predicted: Tensor, target: Tensor, kind: str) -> Tensor:
    """L_recon by frame, [...]: squared as in the paper (Eq. 4), or absolute as in its code."""
    error = predicted - target
    return (error.abs() if kind == "l1" else error**2).mean(-1)


def train_style(
    chunks: Tensor,
    content: Tensor,
    target: Tensor,
    seen: Tensor,
    spans: Spans,
    config: PriorConfig,
    progress: Progress,
    fold: int = 0,
) -> tuple[StyleNet, FuseNet]:
    """Train a style network and its fuse network on the frames of `seen`.

    Args:
        chunks: [T,80,16].
        content: [T,64], held-out content features.
        target: [T,64].
        seen: bool [T]; other frames lend their sound as context, never their target.
        spans: the sequences; no LSTM pass reaches from one into the next.
        config: sizes and schedule.
        progress: called every 20 steps.
        fold: how many folds were trained before this one.

    """
    style_net, fuse_net = StyleNet(config).to(chunks.device), FuseNet().to(chunks.device)
    groups: list[dict[str, Any]] = [
        {"params": style_net.parameters()},
        {"params": fuse_net.parameters(), "lr": config.style_lr * config.fuse_lr_ratio},
    ]
    optimizer = torch.optim.Adam(groups, config.style_lr, betas=(0.5, 0.999))
    starts, last = segments(spans, config.style_segment)
    offsets = torch.arange(min(config.style_segment, max(spans.counts)))
    style_net.train()
    for step in range(config.style_steps):
        drawn = torch.randint(len(starts), (config.style_batch, 1))
        reached = starts[drawn] + offsets
        frames = reached.minimum(last[drawn]).to(chunks.device)
        predicted = fuse_net(content[frames], style_net(chunks[frames]))
        errors = reconstruction_loss(predicted, target[frames], config.recon_loss)
        counts = seen[frames] & (reached <= last[drawn]).to(chunks.device)
        loss = (errors * counts).sum() / counts.sum().clamp_min(1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            done = fold * config.style_steps + step
            progress("style", done, config.folds * config.style_steps, loss=loss.item())
    return style_net.eval(), fuse_net.eval()


def segments(spans: Spans, length: int) -> tuple[Tensor, Tensor]:
    """First frame of every training segment, and the last frame of its sequence, int64 [S].

    A sequence shorter than a segment has one, in which its last frame is repeated.
    """
    starts = [torch.arange(span.start, max(span.stop - length, span.start) + 1) for span in spans]
    last = [torch.full_like(own, span.stop - 1) for own, span in zip(starts, spans, strict=True)]
    return torch.cat(starts), torch.cat(last)


@torch.inference_mode()
def predict_style(net: StyleNet, chunks: Tensor, segment: int) -> Tensor:
    """Style of one whole sequence, [T,64].

    Runs over stretches as long as in training, each with half a stretch of context at both
    sides, so that the LSTM's state is never carried further than it was trained to be.
    """
    count, half = len(chunks), max(1, segment // 2)
    starts = torch.arange(0, count, half)
    frames = (starts[:, None] + torch.arange(-half, 2 * half)).clamp(0, count - 1)
    parts = [net(chunks[batch.to(chunks.device)])[:, half : 2 * half] for batch in frames.split(64)]
    return torch.cat(parts).flatten(0, 1)[:count]
