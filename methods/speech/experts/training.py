"""Training of lip experts: on synthetic subjects for the one that is shipped, or on a lab's own."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from harness.contracts import BadInput, Progress
from methods.speech.experts import LIP
from methods.speech.experts.files import packed, unpacked, write_expert
from methods.speech.experts.lip import (
    COLUMN_RATE,
    KIND,
    RATE,
    LipExpert,
    log_mels,
    predicted,
)
from methods.speech.resampling import at_frames

PERFORMANCES = "splits.performances:synthetic"

STEPS, BATCH, RATE_OF_LEARNING = 4000, 16, 2e-3
#: Frames of a training window, and the fewest that a sequence may have.
WINDOW, FEWEST = 100, 25


@dataclass(frozen=True)
class SpeakingFace:
    """What a subject says in one sequence, and how the face moves with it.

    Attributes:
        subject: who.
        audio: float32 [S] in [-1,1] at 16 kHz.
        values: expression coefficients float32 [T,C].
        fps: frames a second.

    """

    subject: str
    audio: np.ndarray
    values: np.ndarray
    fps: float

    def at_rate(self) -> np.ndarray:
        """Coefficients at 25 frames a second, float32 [T',C]."""
        count = max(1, round(len(self.values) * RATE / self.fps))
        return at_frames(self.values, self.fps, RATE, count)


def correlations(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Correlation of each column of [T,C] with the same of another; NaN where one is constant."""
    a, b = found - found.mean(0), true - true.mean(0)
    scale = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scale > 1e-9, (a * b).sum(0) / scale, np.nan)


def train(
    faces: Sequence[SpeakingFace],
    seed: int,
    steps: int,
    device: str,
    progress: Progress,
) -> LipExpert:
    """Train on subjects.

    Args:
        faces: sequences with the same coefficients.
        seed: of initialisation and order.
        steps: of AdamW on a one-cycle schedule.
        device: where to train.
        progress: called with stage `lip`.

    Raises:
        BadInput: a sequence shorter than a second.

    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    values = [face.at_rate() for face in faces]
    mels = [_fitted(log_mels(f.audio), len(v)) for f, v in zip(faces, values, strict=True)]
    for face, own in zip(faces, values, strict=True):
        if len(own) < FEWEST:
            fact = f"a sequence of it lasts {len(own) / RATE:.1f} s"
            raise BadInput(f"subject {face.subject}", fact, "Leave out sequences below 1 s.")
    window = min([WINDOW, *map(len, values)])
    every = np.concatenate(values)
    net = LipExpert(every.shape[1])
    net.mean.copy_(torch.from_numpy(every.mean(0)))
    net.std.copy_(torch.from_numpy(np.maximum(every.std(0), 1e-3 * every.std(0).max())))
    net = net.to(device)
    optimizer = torch.optim.AdamW(net.parameters(), RATE_OF_LEARNING, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE_OF_LEARNING, total_steps=steps)
    net.train()
    for step in range(steps):
        who = rng.integers(len(mels), size=BATCH)
        starts = [int(rng.integers(len(values[i]) - window + 1)) for i in who]
        pairs = list(zip(who, starts, strict=True))
        seen = np.stack([mels[i][:, 4 * s : 4 * (s + window)] for i, s in pairs])
        wanted = np.stack([values[i][s : s + window].T for i, s in pairs])
        # Some noise and another tilt of the spectrum, as another room or microphone has.
        seen = seen + rng.normal(0, 0.1, seen.shape) + rng.normal(0, 0.1, (BATCH, seen.shape[1], 1))
        target = (torch.from_numpy(wanted).to(device) - net.mean[:, None]) / net.std[:, None]
        loss = F.mse_loss(net(torch.from_numpy(seen.astype(np.float32)).to(device)), target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 20 == 0 or step + 1 == steps:
            progress("lip", step + 1, steps, loss=loss.item())
    return net.cpu().eval()


def evaluate(net: LipExpert, faces: Sequence[SpeakingFace]) -> np.ndarray:
    """Correlation of each coefficient, mean over sequences, float64 [C].

    NaN for a coefficient that never moves.
    """
    rows = np.stack(
        [correlations(predicted(net, f.audio, f.fps, len(f.values)), f.values) for f in faces]
    )
    known = np.isfinite(rows)
    with np.errstate(invalid="ignore"):
        return np.where(known, rows, 0).sum(0) / known.sum(0)


def write_trained(
    out: Path,
    net: LipExpert,
    learn: Sequence[SpeakingFace],
    held: Sequence[SpeakingFace],
    basis: str,
    names: Sequence[str],
    made: str,
) -> str:
    """Write a trained network and its card, whose figures are those of the stored weights.

    Args:
        out: file of the weights.
        net: trained.
        learn: sequences that it learnt from.
        held: sequences of the subjects that were held out.
        basis: expression basis of the coefficients.
        names: of the coefficients.
        made: Markdown sentences on how it was made.

    Returns:
        The card, in Markdown.

    """
    stored = LipExpert(len(names))
    stored.load_state_dict(unpacked(packed(net.state_dict())))
    found = evaluate(stored.eval(), held)
    subjects, strangers = ([face.subject for face in faces] for faces in (learn, held))
    rows = "\n".join(
        f"| {name} | {value:.3f} |" if np.isfinite(value) else f"| {name} | never moves |"
        for name, value in zip(names, found, strict=True)
    )
    minutes = sum(len(face.values) / face.fps for face in learn) / 60
    card = f"""# Lip expert, basis {basis}

From speech to {len(names)} expression coefficients; {_size(net):,} parameters in eight bits.

- Trained on {who(subjects)}; {minutes:.1f} minutes.
- Held out: {who(strangers)}.
- {made}
- Correlation with the true coefficients of who is held out, mean over those that move:
  {np.nanmean(found):.3f}.

| coefficient | correlation |
|---|---|
{rows}
"""
    facts = {"basis": basis, "subjects": len(set(subjects))}
    write_expert(out, KIND, net.state_dict(), facts, card)
    return card


def who(subjects: Sequence[str]) -> str:
    """A few names, or how many and from whom to whom."""
    names = list(dict.fromkeys(subjects))
    if len(names) <= 4:
        return ", ".join(names)
    return f"{len(names)} subjects, {names[0]} to {names[-1]}"


def _size(net: LipExpert) -> int:
    return sum(p.numel() for p in net.parameters())


def _fitted(mels: np.ndarray, count: int) -> np.ndarray:
    """Mels of exactly `count` frames; where the sound is shorter than the video, silence."""
    steps = COLUMN_RATE // RATE * count
    short = max(0, steps - mels.shape[1])
    return np.pad(mels, ((0, 0), (0, short)), mode="edge")[:, :steps]


def print_progress(stage: str, done: int, total: int, **values: float) -> None:
    """Progress of a training as lines on standard error, now and then."""
    if done == total or done % 100 == 1:
        shown = " ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"{stage} {done}/{total} {shown}", file=sys.stderr, flush=True)


def main() -> None:
    """Train the expert of the synthetic domain, and write it with its card.

    The performances come from the function named by `--performances`, so that this package does
    not depend on where they come from. The last fifth of the subjects is held out.
    """
    parser = argparse.ArgumentParser(description="Train the synthetic domain's lip expert.")
    parser.add_argument("--subjects", type=int, default=150)
    parser.add_argument("--frames", type=int, default=1100, help="frames of each subject")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--performances", default=PERFORMANCES, help="module:function")
    parser.add_argument("--out", type=Path, default=LIP)
    options = parser.parse_args()
    module, _, function = options.performances.partition(":")
    perform = getattr(importlib.import_module(module), function)
    spoken = perform(options.subjects, options.seed, options.frames, float(RATE))
    units = importlib.import_module("splits.synthetic.corpus").EXPRESSION_UNITS
    names = importlib.import_module("splits.synthetic.controls").CONTROLS
    faces = [SpeakingFace(one.subject, one.audio, one.controls / units, one.fps) for one in spoken]
    learn = len(faces) - max(1, len(faces) // 5)
    net = train(faces[:learn], options.seed, options.steps, "cpu", print_progress)
    made = (
        f"Voices and faces are this project's own; no split and no metric network has any of "
        f"these subjects. {options.steps} steps, seed {options.seed}. Retrain with\n  `python -m "
        f"methods.speech.experts.training --subjects {options.subjects} --steps {options.steps}`."
    )
    print(write_trained(options.out, net, faces[:learn], faces[learn:], "synthetic", names, made))


if __name__ == "__main__":
    main()
