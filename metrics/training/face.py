"""Training of the synthetic face regressor."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from harness.contracts import Progress, Sequence
from metrics.backbones.synthetic_face import SIZE, FaceNet, zoom_box
from metrics.detectors.synthetic import SYNTHETIC_NAMES, action_units, synthetic_faces
from metrics.training.augment import degrade, mirror, move, uniform
from metrics.training.data import FaceSamples, face_samples

STEPS, BATCH, EMPTY, PER_PERSON = 1600, 32, 4, 400
#: The expression head has a thousand inputs: at the trunk's rate it saturates and stays so.
RATE, HEAD_RATE = 3e-3, 1e-3

#: Of each landmark's error: the mouth is what LMD and the SyncNet's crop look at.
WEIGHT = torch.ones(68, 1)
WEIGHT[48:] = 2.0

#: In a mirror the eyes look to the other side; every other control is symmetric.
MIRRORED = torch.tensor([-1.0 if name == "gaze_yaw" else 1.0 for name in SYNTHETIC_NAMES])


def _negatives(samples: list[FaceSamples], rng: torch.Generator) -> torch.Tensor:
    """Images without a face: empty scenes, one colour, noise; float [EMPTY,3,128,128]."""
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
    """Train the regressor and measure it on subjects it has not seen.

    Arguments as of `metrics.training.train`; `held` are sequences of other subjects.
    Returns the network in evaluation mode, and its held-out figures.
    """
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    samples = [face_samples(s, PER_PERSON) for s in learn]
    images = torch.from_numpy(np.concatenate([s.images for s in samples]))
    landmarks = torch.from_numpy(np.concatenate([s.landmarks for s in samples]))
    expression = torch.from_numpy(np.concatenate([s.expression for s in samples]))
    spread = expression.std(0).clamp_min(0.03)
    net = FaceNet()
    with torch.no_grad():
        net.get_parameter("shape.3.bias").copy_(expression.mean(0))
    steps = max(int(STEPS * budget), 2)
    head = set(net.shape.parameters())
    groups = [
        {"params": [p for p in net.parameters() if p not in head], "lr": RATE},
        {"params": list(head), "lr": HEAD_RATE},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [RATE, HEAD_RATE], steps, pct_start=0.15
    )
    for step in range(steps):
        index = torch.randint(len(images), (BATCH - EMPTY,), generator=rng)
        x = images[index].permute(0, 3, 1, 2).float() / 255
        points, wanted = landmarks[index], expression[index]
        if step % 2:  # a mirrored subject is one more subject
            x, points = mirror(x, points)
            wanted = wanted * MIRRORED
        # Three in four as the second look sees them, around landmarks that are a little off.
        centre, half = zoom_box(points)
        far = torch.rand(len(x), generator=rng) < 0.25
        box = torch.where(far[:, None], SIZE / 2, centre), torch.where(far, SIZE / 2, half)
        # Degraded before it is enlarged: a frame's blur is enlarged with it.
        x, points = move(degrade(x, rng), points, rng, box, 0.1)
        x = torch.cat([x, degrade(_negatives(samples, rng), rng)])
        output = net(x)
        n = BATCH - EMPTY
        off = F.smooth_l1_loss(output.landmarks[:n], points, beta=0.5, reduction="none")
        place = (off * WEIGHT).mean()
        shape = ((output.expression[:n] - wanted) / spread).square().mean()
        there = torch.cat([torch.ones(n), torch.zeros(EMPTY)])
        presence = F.binary_cross_entropy_with_logits(output.presence, there)
        loss = place + 0.5 * shape + 0.2 * presence
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        progress(
            "synthetic-face", step + 1, steps, loss=loss.item(), px=place.item(), shape=shape.item()
        )
    net.eval().requires_grad_(False)
    return net, evaluate(net, [face_samples(s, PER_PERSON) for s in held])


def evaluate(net: FaceNet, samples: list[FaceSamples]) -> dict[str, float]:
    """Errors of the regressor on undisturbed frames of the given subjects."""
    found = [synthetic_faces(net, s.images) for s in samples]
    seen = np.concatenate([f.found for f in found])
    truth = np.concatenate([s.landmarks for s in samples])[seen]
    points = np.concatenate([f.landmarks for f in found])[seen]
    wanted = np.concatenate([s.expression for s in samples])[seen].astype(np.float64)
    predicted = np.concatenate([f.expression for f in found])[seen]
    if not seen.any():
        return {"faces_found": 0.0}
    error = np.linalg.norm(points - truth, axis=-1)
    centred = np.linalg.norm(
        (points - points.mean(1, keepdims=True)) - (truth - truth.mean(1, keepdims=True)), axis=-1
    )
    units = np.abs(action_units(predicted) - action_units(wanted))
    varied = wanted.std(0) > 0.02
    r2 = 1 - ((predicted - wanted) ** 2).mean(0) / wanted.var(0).clip(1e-9)
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
        "expression_r2_mean": float(r2[varied].mean()),
    } | {f"r2_of_{SYNTHETIC_NAMES[k]}": float(r2[k]) for k in np.flatnonzero(varied)}
