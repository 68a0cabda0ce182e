"""`python -m methods.speech.experts.training`: train the synthetic domain's lip expert.

The performances come from the function named by `--performances`, so that this package does not
depend on where they come from. The last fifth of the subjects is held out; the card's figures are
theirs.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from methods.speech.experts.lip import RATE, WEIGHTS, LipExpert, log_mels

PERFORMANCES = "splits.performances:synthetic"

STEPS, BATCH, RATE_OF_LEARNING = 4000, 16, 2e-3
#: Frames of a training window.
WINDOW = 100


def correlations(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Correlation of each column of [T,C] with the same of another; NaN where one is constant."""
    a, b = found - found.mean(0), true - true.mean(0)
    scale = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scale > 1e-9, (a * b).sum(0) / scale, np.nan)


def train(
    mels: Sequence[np.ndarray], controls: Sequence[np.ndarray], seed: int, steps: int = STEPS
) -> LipExpert:
    """Train on subjects.

    Args:
        mels: `log_mels` of each, float32 [40,4 T].
        controls: of each, float32 [T,C] at 25 frames a second.
        seed: of initialisation and order.
        steps: of AdamW on a one-cycle schedule.

    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    every = np.concatenate(controls)
    net = LipExpert(every.shape[1])
    net.mean.copy_(torch.from_numpy(every.mean(0)))
    net.std.copy_(torch.from_numpy(np.maximum(every.std(0), 1e-3)))
    optimizer = torch.optim.AdamW(net.parameters(), RATE_OF_LEARNING, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE_OF_LEARNING, total_steps=steps)
    net.train()
    for step in range(steps):
        who = rng.integers(len(mels), size=BATCH)
        starts = [int(rng.integers(len(controls[i]) - WINDOW + 1)) for i in who]
        seen = np.stack(
            [mels[i][:, 4 * s : 4 * (s + WINDOW)] for i, s in zip(who, starts, strict=True)]
        )
        wanted = np.stack([controls[i][s : s + WINDOW].T for i, s in zip(who, starts, strict=True)])
        # Some noise and another tilt of the spectrum, as another room or microphone has.
        seen = seen + rng.normal(0, 0.1, seen.shape) + rng.normal(0, 0.1, (BATCH, seen.shape[1], 1))
        target = (torch.from_numpy(wanted) - net.mean[:, None]) / net.std[:, None]
        loss = F.mse_loss(net(torch.from_numpy(seen.astype(np.float32))), target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step + 1 == steps:
            print(f"step {step + 1}/{steps}: loss {loss.item():.4f}", file=sys.stderr, flush=True)
    return net.eval()


def evaluate(
    net: LipExpert, mels: Sequence[np.ndarray], controls: Sequence[np.ndarray]
) -> np.ndarray:
    """Correlation of each control, mean over subjects, float64 [C]."""
    rows = []
    with torch.inference_mode():
        for seen, true in zip(mels, controls, strict=True):
            found = net.controls(torch.from_numpy(seen)[None])[0].numpy().T[: len(true)]
            rows.append(correlations(found, true))
    return np.nanmean(rows, 0)


def main() -> None:
    """Train, write `lip.safetensors` (float16) and its card."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--subjects", type=int, default=150)
    parser.add_argument("--frames", type=int, default=1100, help="frames of each subject")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--performances", default=PERFORMANCES, help="module:function")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    module, _, function = options.performances.partition(":")
    perform = getattr(importlib.import_module(module), function)
    start = time.perf_counter()
    spoken = list(perform(options.subjects, options.seed, options.frames, float(RATE)))
    print(f"{len(spoken)} subjects after {time.perf_counter() - start:.0f} s", file=sys.stderr)
    mels = [log_mels(one.audio)[:, : 4 * len(one.controls)] for one in spoken]
    controls = [one.controls for one in spoken]
    learn = len(spoken) - max(1, len(spoken) // 5)
    start = time.perf_counter()
    net = train(mels[:learn], controls[:learn], options.seed, options.steps)
    seconds = time.perf_counter() - start
    state = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    net.load_state_dict({name: value.float() for name, value in state.items()})
    found = evaluate(net, mels[learn:], controls[learn:])
    save_file(state, options.out)
    options.out.chmod(0o644)
    names = importlib.import_module("splits.synthetic.controls").CONTROLS
    card = card_of(options, spoken, learn, net, found, names)
    options.out.with_suffix(".md").write_text(card, "utf-8")
    print(card)
    print(f"trained in {seconds:.0f} s")


def card_of(
    options: Any,
    spoken: Sequence[Any],
    learn: int,
    net: LipExpert,
    found: np.ndarray,
    names: Sequence[str],
) -> str:
    """The card in Markdown."""
    rows = "\n".join(f"| {name} | {value:.3f} |" for name, value in zip(names, found, strict=True))
    size = sum(p.numel() for p in net.parameters())
    return f"""# Lip expert, synthetic domain

From speech to the {len(names)} controls of a synthetic face; {size:,} parameters, float16.

For the synthetic domain only: voices and faces of its training are this project's own.

- Trained on {learn} subjects of {options.frames} frames each: {spoken[0].subject} to
  {spoken[learn - 1].subject}. Held out: {spoken[learn].subject} to {spoken[-1].subject}.
  No split and no metric network has any of them.
- {options.steps} steps, seed {options.seed}. Retrain with
  `python -m methods.speech.experts.training --subjects {len(spoken)}`.
- Correlation with the true controls on the held-out subjects, mean over all {len(names)}:
  {np.nanmean(found):.3f}.

| control | correlation |
|---|---|
{rows}
"""


if __name__ == "__main__":
    main()
