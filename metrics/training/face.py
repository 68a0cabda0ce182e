"""Training of the synthetic face regressor."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from harness.contracts import Progress, Sequence
from metrics.backbones.synthetic_face import SIZE, FaceNet
from metrics.faces import ACTION_UNITS, action_units, synthetic_faces
from metrics.training.augment import degrade, move, uniform
from metrics.training.data import FaceSamples, face_samples

STEPS, BATCH, EMPTY, PER_PERSON, RATE = 900, 32, 6, 400, 3e-3


def _negatives(samples: list[FaceSamples], rng: torch.Generator) -> torch.Tensor:
    """Pictures without a face: empty scenes, one colour, noise; float [EMPTY,3,128,128]."""
    plates = np.concatenate([s.empty for s in samples])
    index = torch.randint(len(plates), (EMPTY,), generator=rng).numpy()
    x = torch.from_numpy(plates[index]).permute(0, 3, 1, 2).float() / 255
    x[0] = uniform(0, 1, (3, 1, 1), rng)
    x[1] = torch.rand(x[1].shape, generator=rng)
    return x


def train(
    learn: list[Sequence],
    held: list[Sequence],
    seed: int,
    progress: Progress,
    budget: float,
) -> tuple[FaceNet, dict[str, float]]:
    """Train the regressor and measure it on people it has not seen.

    Args:
        learn: recordings to learn from.
        held: recordings of other people.
        seed: of initialisation, order and augmentation.
        progress: told of every step.
        budget: factor on the usual number of steps.

    Returns:
        The network in evaluation mode, and its held-out figures.

    """
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    samples = [face_samples(s, PER_PERSON) for s in learn]
    pictures = torch.from_numpy(np.concatenate([s.pictures for s in samples]))
    landmarks = torch.from_numpy(np.concatenate([s.landmarks for s in samples]))
    expression = torch.from_numpy(np.concatenate([s.expression for s in samples]))
    spread = expression.std(0).clamp_min(0.03)
    net = FaceNet()
    with torch.no_grad():
        net.shape[-1].bias.copy_(expression.mean(0))
    steps = max(int(STEPS * budget), 2)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.15)
    for step in range(steps):
        index = torch.randint(len(pictures), (BATCH - EMPTY,), generator=rng)
        x = pictures[index].permute(0, 3, 1, 2).float() / 255
        x, points = move(x, landmarks[index], rng)
        x = torch.cat([degrade(x, rng), degrade(_negatives(samples, rng), rng)])
        output = net(x)
        n = BATCH - EMPTY
        place = F.smooth_l1_loss(output.landmarks[:n], points, beta=0.5)
        shape = ((output.expression[:n] - expression[index]) / spread).square().mean()
        there = torch.cat([torch.ones(n), torch.zeros(EMPTY)])
        presence = F.binary_cross_entropy_with_logits(output.presence, there)
        loss = place + 0.5 * shape + 0.2 * presence
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        progress("synthetic-face", step + 1, steps, loss=loss.item(), px=place.item())
    net.eval().requires_grad_(False)
    return net, evaluate(net, [face_samples(s, PER_PERSON) for s in held])


def evaluate(net: FaceNet, samples: list[FaceSamples]) -> dict[str, float]:
    """Errors of the regressor on undisturbed frames of the given people."""
    found = [synthetic_faces(net, s.pictures) for s in samples]
    seen = np.concatenate([f.found for f in found])
    truth = np.concatenate([s.landmarks for s in samples])[seen]
    points = np.concatenate([f.landmarks for f in found])[seen]
    wanted = np.concatenate([s.expression for s in samples])[seen].astype(np.float64)
    said = np.concatenate([f.expression for f in found])[seen]
    if not seen.any():
        return {"faces_found": 0.0}
    error = np.linalg.norm(points - truth, axis=-1)
    centred = np.linalg.norm(
        (points - points.mean(1, keepdims=True)) - (truth - truth.mean(1, keepdims=True)), axis=-1
    )
    units = np.abs(action_units(said) - action_units(wanted))
    varied = wanted.std(0) > 0.02
    r2 = 1 - ((said - wanted) ** 2).mean(0)[varied] / wanted.var(0)[varied]
    empty = [synthetic_faces(net, s.empty) for s in samples]
    return {
        "faces_found": float(seen.mean()),
        "false_faces": float(np.concatenate([f.found for f in empty]).mean()),
        f"landmark_error_px_at_{SIZE}": float(error.mean()),
        f"mouth_error_px_at_{SIZE}": float(error[:, 48:68].mean()),
        f"mouth_error_px_at_{SIZE}_centroid_removed": float(centred[:, 48:68].mean()),
        "au_mae_of_5": float(units.mean()),
        "au_mae_always_mean": float(
            np.abs(action_units(wanted) - action_units(wanted).mean(0)).mean()
        ),
        "expression_r2_mean": float(r2.mean()),
        "expression_r2_worst": float(r2.min()),
        "au25_r2": _r2(said, wanted, ACTION_UNITS.index("AU25")),
        "jaw_r2": _r2(said, wanted, 20),
    }


def _r2(said: np.ndarray, wanted: np.ndarray, k: int) -> float:
    return float(1 - ((said[:, k] - wanted[:, k]) ** 2).mean() / max(wanted[:, k].var(), 1e-9))
