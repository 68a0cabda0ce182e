"""Training of the synthetic perceptual trunk and of its LPIPS heads."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harness.contracts import Progress, Sequence
from metrics.backbones.lpips import PerceptualDistance
from metrics.backbones.synthetic_perceptual import PerceptualTrunk
from metrics.training.augment import blur, degrade, move
from metrics.training.data import FaceSamples, face_samples

TRUNK_STEPS, HEAD_STEPS, BATCH, PER_PERSON, RATE = 300, 150, 12, 120, 2e-3
#: Strengths of a distortion, weakest first.
LEVELS = (0.25, 0.5, 1.0, 2.0)


class _Parsing(nn.Module):
    """Reads regions and landmarks from all taps, so that every stage learns what a face is."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.join = nn.Conv2d(sum(channels), 48, 1)
        self.regions = nn.Conv2d(48, 5, 1)
        self.places = nn.Conv2d(48, 68, 1)

    def forward(self, taps: list[Tensor]) -> tuple[Tensor, Tensor]:
        size = taps[2].shape[2:]
        level = [F.interpolate(t, size, mode="bilinear", antialias=True) for t in taps]
        x = self.join(torch.cat(level, 1)).relu()
        return self.regions(x), self.places(x)


def distort(x: Tensor, kind: str, level: float, rng: torch.Generator) -> Tensor:
    """A distortion of x [B,3,H,W] in [0,1]; stronger with a higher level."""
    if kind == "blur":
        return blur(x, 1.2 * level)
    if kind == "noise":
        return (x + 0.06 * level * torch.randn(x.shape, generator=rng)).clamp(0, 1)
    if kind == "coarse":
        size = [max(int(s / (1 + level)), 4) for s in x.shape[2:]]
        small = F.interpolate(x, size, mode="bilinear", antialias=True)
        return F.interpolate(small, x.shape[2:], mode="bilinear")
    if kind == "shift":
        pixels = max(round(2 * level), 1)
        return torch.roll(x, pixels, 3) if level < 0.5 else torch.roll(x, (pixels, pixels), (2, 3))
    if kind == "mix":
        return x + min(0.3 * level, 1.0) * (x.roll(1, 0) - x)
    if kind == "light":
        return (x * (1 - 0.1 * level)).clamp(0, 1)
    raise ValueError(kind)


def blurred_and_dimmed(x: Tensor) -> tuple[Tensor, Tensor]:
    """X [B,3,H,W] in [0,1] blurred, and made darker by the same root mean squared error."""
    soft = blur(x, 1.5)
    error = (soft - x).square().mean((1, 2, 3), keepdim=True).sqrt()
    return soft, (x - error).clamp(0, 1)


KINDS = ("blur", "noise", "coarse", "shift", "mix", "light")


def _stack(samples: list[FaceSamples]) -> Tensor:
    """All images, uint8 [N,3,128,128]."""
    return torch.from_numpy(np.concatenate([s.images for s in samples])).permute(0, 3, 1, 2)


def train(
    learn: list[Sequence],
    held: list[Sequence],
    seed: int,
    progress: Progress,
    budget: float,
) -> tuple[PerceptualDistance, dict[str, float]]:
    """Train the trunk to parse faces, then non-negative heads to rank distortions.

    Arguments as of `metrics.training.train`; `held` are sequences of other subjects.
    Returns the network in evaluation mode, and its held-out figures.
    """
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    samples = [face_samples(s, PER_PERSON) for s in learn]
    net = PerceptualDistance(PerceptualTrunk())
    _train_trunk(net, samples, rng, progress, max(int(TRUNK_STEPS * budget), 2))
    _train_heads(net, samples, rng, progress, max(int(HEAD_STEPS * budget), 2))
    net.eval().requires_grad_(False)
    return net, evaluate(net, [face_samples(s, 24) for s in held], seed)


def _train_trunk(
    net: PerceptualDistance,
    samples: list[FaceSamples],
    rng: torch.Generator,
    progress: Progress,
    steps: int,
) -> None:
    images = _stack(samples)
    regions = torch.from_numpy(np.concatenate([s.regions for s in samples]))
    landmarks = torch.from_numpy(np.concatenate([s.landmarks for s in samples]))
    parsing = _Parsing(net.trunk.channels)
    optimizer = torch.optim.AdamW([*net.trunk.parameters(), *parsing.parameters()], lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    for step in range(steps):
        index = torch.randint(len(landmarks), (BATCH,), generator=rng)
        both = torch.cat([images[index].float() / 255, regions[index].float()], 1)
        both, points = move(both, landmarks[index], rng)
        x = degrade(both[:, :3].contiguous(), rng) * 2 - 1
        found, places = parsing(net.trunk((x - net.shift) / net.scale))
        size = found.shape[-1]
        wanted = F.interpolate(both[:, 3:], (size, size), mode="bilinear", antialias=True)
        cell = (points / both.shape[-1] * size).long().clamp(0, size - 1)
        where = cell[..., 1] * size + cell[..., 0]
        loss = F.binary_cross_entropy_with_logits(found, wanted.clamp(0, 1))
        loss = loss + 0.1 * F.cross_entropy(places.flatten(2).flatten(0, 1), where.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        progress("synthetic-perceptual trunk", step + 1, steps, loss=loss.item())


def _train_heads(
    net: PerceptualDistance,
    samples: list[FaceSamples],
    rng: torch.Generator,
    progress: Progress,
    steps: int,
) -> None:
    """Rank a stronger distortion above a weaker, and blur above a dimming of equal error."""
    net.trunk.requires_grad_(False)
    images = _stack(samples)
    total = len(images)
    optimizer = torch.optim.Adam(net.heads.parameters(), lr=2e-3)
    for step in range(steps):
        x = images[torch.randint(total, (6,), generator=rng)].float() / 255
        kind = KINDS[step % len(KINDS)]
        low = int(torch.randint(len(LEVELS) - 1, (1,), generator=rng))
        weak = distort(x, kind, LEVELS[low], rng)
        strong = distort(x, kind, LEVELS[low + 1], rng)
        soft, dimmed = blurred_and_dimmed(x)
        near, far, seen, unseen = (
            net(x * 2 - 1, y * 2 - 1).clamp_min(1e-6).log() for y in (weak, strong, soft, dimmed)
        )
        loss = F.softplus(4 * (near - far) + 1).mean() + F.softplus(4 * (unseen - seen) + 1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for head in net.heads.values():
                head.clamp_(min=0)
        progress("synthetic-perceptual heads", step + 1, steps, loss=loss.item())
    with torch.no_grad():  # a dimensionless scale, as of LPIPS: about 0.5 between two subjects
        x = images[torch.linspace(0, total - 1, 16).long()].float() / 255
        factor = 0.5 / net(x * 2 - 1, x.roll(1, 0) * 2 - 1).mean().clamp_min(1e-6)
        for head in net.heads.values():
            head.mul_(factor)


@torch.no_grad()
def evaluate(net: PerceptualDistance, samples: list[FaceSamples], seed: int) -> dict[str, float]:
    """How often a stronger distortion is farther, on subjects not seen."""
    figures = {}
    rng = torch.Generator().manual_seed(seed)
    x = _stack(samples)[::2].float() / 255
    for kind in KINDS:
        curve = torch.stack(
            [net(x * 2 - 1, distort(x, kind, level, rng) * 2 - 1) for level in LEVELS]
        )
        figures[f"monotonic_{kind}"] = float((curve.diff(dim=0) > 0).float().mean())
        figures[f"distance_{kind}_level_1"] = float(curve[2].mean())
    soft, dimmed = blurred_and_dimmed(x)
    farther = net(x * 2 - 1, soft * 2 - 1) > net(x * 2 - 1, dimmed * 2 - 1)
    figures["blur_above_equal_mse_dimming"] = float(farther.float().mean())
    return figures
