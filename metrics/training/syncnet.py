"""Training of the synthetic SyncNet: lips and sound of one window against other windows."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from harness.contracts import Progress, Sequence
from metrics.backbones.synthetic_face import FaceNet
from metrics.backbones.synthetic_syncnet import LENGTH, SyntheticSyncNet
from metrics.detectors.synthetic import synthetic_faces
from metrics.sync import score as sync_score
from metrics.sync.crops import bilinear_crop, mouth_box
from metrics.sync.embed import embed
from metrics.training.augment import degrade
from metrics.training.data import CROP, CROP_MARGIN, SpeechSamples, speech_samples

STEPS, PEOPLE, WINDOWS, RATE = 1400, 4, 32, 2e-3
#: Of squared distances over the squared length of an embedding.
TEMPERATURE = 0.1
#: Wrong shifts and sequence length, in windows, of the held-out check.
SHIFT, CLIP = 12, 100


def _batch(samples: list[SpeechSamples], rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Lip windows [P,W,15,48,48] and sound [P,W,1,13,20] of a few subjects.

    Half of a subject's windows follow each other (near misses), half lie anywhere.
    """
    lips, sound = [], []
    chosen = torch.randperm(len(samples), generator=rng)[:PEOPLE]
    while len(chosen) < PEOPLE:
        chosen = torch.cat([chosen, chosen])[:PEOPLE]
    for k in chosen.tolist():
        s = samples[k]
        half = min(WINDOWS, s.windows) // 2
        start = int(torch.randint(s.windows - half + 1, (1,), generator=rng))
        rest = torch.cat([torch.arange(0, start), torch.arange(start + half, s.windows)])
        apart = rest[torch.randperm(len(rest), generator=rng)[:half]]
        starts = torch.cat([torch.arange(start, start + half), apart]).numpy()
        dy, dx = torch.randint(2 * CROP_MARGIN + 1, (2,), generator=rng).tolist()
        crops = s.mouths[starts[:, None] + np.arange(sync_score.FRAMES)]
        crops = crops[:, :, dy : dy + CROP, dx : dx + CROP]
        if torch.rand((), generator=rng) < 0.5:
            crops = crops[:, :, :, ::-1]
        x = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 4, 1, 2, 3).float() / 255
        lips.append(x)
        columns = starts[:, None] * sync_score.COLUMNS_PER_FRAME + np.arange(sync_score.COLUMNS)
        a = torch.from_numpy(s.mfcc[:, columns].transpose(1, 0, 2)[:, None].copy())
        # Loudness of a sequence must not tell its windows apart from another's.
        a[:, :, 0] += float(torch.randn((), generator=rng))
        sound.append(a)
    return torch.stack(lips), torch.stack(sound)


def train(
    learn: list[Sequence],
    held: list[Sequence],
    seed: int,
    progress: Progress,
    budget: float,
    face_net: FaceNet | None = None,
) -> tuple[SyntheticSyncNet, dict[str, float]]:
    """Train the network and measure it on subjects it has not seen.

    Arguments as of `metrics.training.train`; `held` are sequences of other subjects. `face_net`
    finds their mouths, as the metric does; without it their true landmarks are used.
    Returns the network in evaluation mode, and its held-out figures.
    """
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    samples = [speech_samples(s, keep_frames=False) for s in learn]
    net = SyntheticSyncNet()
    columns = np.concatenate([s.mfcc for s in samples], 1)
    net.mfcc_mean.copy_(torch.from_numpy(columns.mean(1, keepdims=True)))
    net.mfcc_std.copy_(torch.from_numpy(columns.std(1, keepdims=True)))
    steps = max(int(STEPS * budget), 2)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    for step in range(steps):
        lips, sound = _batch(samples, rng)
        subjects, count = lips.shape[:2]
        frames = lips.flatten(0, 1).flatten(1, 2)
        frames = degrade(frames, rng).unflatten(1, (3, sync_score.FRAMES))
        v = net.forward_lip(frames).unflatten(0, (subjects, count))
        a = net.forward_aud(sound.flatten(0, 1)).unflatten(0, (subjects, count))
        # Only windows of the same subject compete: a voice must not be matched to a face.
        logits = -torch.cdist(v, a).square() / LENGTH**2 / TEMPERATURE
        label = torch.arange(count).expand(subjects, count)
        loss = F.cross_entropy(logits.transpose(1, 2), label)
        loss = (loss + F.cross_entropy(logits, label)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        right = (logits.argmax(-1) == label).float().mean()
        progress("synthetic-syncnet", step + 1, steps, loss=loss.item(), right=right.item())
    net.eval().requires_grad_(False)
    return net, evaluate(net, held, face_net)


def evaluate(
    net: SyntheticSyncNet, held: list[Sequence], face_net: FaceNet | None
) -> dict[str, float]:
    """Offset accuracy and LSE of held-out subjects, with their own and with foreign sound."""
    embedded = []
    for sequence in held:
        s = speech_samples(sequence, keep_frames=face_net is not None)
        if face_net is None:
            inner = slice(CROP_MARGIN, CROP_MARGIN + CROP)
            mouths = s.mouths[:, inner, inner].astype(np.float32) / 255
        else:
            found = np.concatenate(
                [
                    synthetic_faces(face_net, s.frames[i : i + 64]).landmarks
                    for i in range(0, len(s.frames), 64)
                ]
            )
            mouths = np.stack(
                [bilinear_crop(f, mouth_box(p), CROP) for f, p in zip(s.frames, found, strict=True)]
            )
        windows = mouths[np.arange(s.windows)[:, None] + np.arange(sync_score.FRAMES)]
        lips = embed(net.forward_lip, windows.transpose(0, 4, 1, 2, 3))
        sound = embed(net.forward_aud, sync_score.mfcc_windows(s.mfcc, s.windows))
        embedded.append((lips, sound))
    true, wrong, offsets = [], [], []
    for lips, sound in embedded:
        for i in range(0, max(len(lips) - CLIP, 0) + 1, CLIP):
            v, a = lips[i : i + CLIP], sound[i : i + CLIP]
            true.append(sync_score.score(v, a))
            offsets.append(true[-1].offset)
            # Sound of a later part of the sequence: speech, but not these lips'.
            far = np.roll(sound, -(len(sound) // 2), 0)[i : i + CLIP]
            wrong.append(sync_score.score(v, far))
    shifted = [
        sync_score.score(lips[SHIFT // 2 :], sound[: len(sound) - SHIFT // 2])
        for lips, sound in embedded
    ]
    return {
        "held_out_clips": float(len(true)),
        "offset_within_1": float(np.mean(np.abs(offsets) <= 1)),
        "lse_c_true": float(np.mean([s.confidence for s in true])),
        "lse_c_foreign_sound": float(np.mean([s.confidence for s in wrong])),
        "lse_d_true": float(np.mean([s.distance for s in true])),
        "lse_d_foreign_sound": float(np.mean([s.distance for s in wrong])),
        "offset_of_sound_6_frames_late": float(np.mean([s.offset for s in shifted])),
    }
