"""Content features: a temporal convolution from sound to expression.

Stands where the paper puts a fine-tuned Wav2Lip and a face regressor (section 2.1): both
turn sound into the 64 expression numbers that a speaking face would show. Several networks
of one size are trained in one pass, as groups of one convolution; each sees its own frames.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from harness.contracts import Progress
from methods.ua3dtalk.priors.config import CONTENT_SIZE, PriorConfig
from methods.ua3dtalk.priors.mel import N_MELS, frame_mels, melspectrogram

_CROP = 1024  # frames of one step: long recordings are trained on random stretches


class ContentNets(nn.Module):
    """`models` independent temporal convolutions, mel of every frame -> expression.

    Residual blocks of kernel 3 with growing dilation: dilations (1, 2, 4) see 7 frames
    (0.28 s at 25 fps) to either side.
    """

    def __init__(self, models: int, config: PriorConfig) -> None:
        super().__init__()
        self.models = models
        width, inputs = config.content_width, config.content_slots * N_MELS
        grouped = {"groups": models}
        self.register_buffer("input_mean", torch.zeros(inputs, 1))
        self.register_buffer("input_scale", torch.ones(inputs, 1))
        self.entry = nn.Conv1d(models * inputs, models * width, 1, **grouped)
        self.blocks = nn.ModuleList(
            nn.Conv1d(models * width, models * width, 3, padding=d, dilation=d, **grouped)
            for d in config.content_dilations
        )
        self.exit = nn.Conv1d(models * width, models * CONTENT_SIZE, 1, **grouped)
        self.activation = nn.LeakyReLU(0.2)
        self.dropout = nn.Dropout(config.content_dropout)

    def forward(self, mels: Tensor) -> Tensor:
        """Expression of every frame and model: mels [T, inputs] -> [models, T, 64]."""
        x = (mels.T - self.input_mean) * self.input_scale
        if self.training:  # loudness and noise tell nothing of the lips
            gain = 0.2 * torch.randn(1, 1, device=x.device)
            x = x + gain + 0.1 * torch.randn_like(x)
        x = self.activation(self.entry(x.repeat(self.models, 1)[None]))
        for block in self.blocks:
            x = x + self.activation(block(self.dropout(x)))
        return self.exit(self.dropout(x)).view(self.models, CONTENT_SIZE, -1).transpose(1, 2)


def content_inputs(audio: np.ndarray, fps: float, count: int, config: PriorConfig) -> Tensor:
    """Mel levels of every frame, float32 [count, slots * 80]."""
    return torch.from_numpy(frame_mels(melspectrogram(audio), fps, count, config.content_slots))


def train_content(
    mels: Tensor, target: Tensor, seen: Tensor, config: PriorConfig, progress: Progress
) -> ContentNets:
    """Train one network per row of `seen` by squared error.

    Args:
        mels: [T, slots * 80].
        target: [T, 64].
        seen: bool [models, T], frames whose target a network may see.
        config: sizes and schedule.
        progress: told every 25 steps.

    """
    nets = ContentNets(len(seen), config).to(mels.device)
    nets.input_mean.copy_(mels.mean(0)[:, None])
    nets.input_scale.copy_(1.0 / mels.std(0).clamp_min(0.05)[:, None])
    optimizer = torch.optim.AdamW(nets.parameters(), config.content_lr, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.content_lr, total_steps=config.content_steps
    )
    weights = seen.float()[:, :, None]
    nets.train()
    for step in range(config.content_steps):
        first = int(torch.randint(max(1, len(mels) - _CROP + 1), ()))
        part = slice(first, first + _CROP)
        # One mean for each network: a sum over networks keeps their gradients apart.
        error = (nets(mels[part]) - target[part]) ** 2 * weights[:, part]
        loss = (error.mean(2).sum(1) / weights[:, part].sum((1, 2)).clamp_min(1)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 25 == 0:
            progress("content", step, config.content_steps, loss=float(loss) / len(seen))
    return nets.eval()


@torch.inference_mode()
def predict_content(nets: ContentNets, mels: Tensor) -> Tensor:
    """Expression by every network, [models, T, 64]; a whole recording in one pass."""
    return nets(mels)
