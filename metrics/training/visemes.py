"""Train the viseme network: `python -m metrics.training.visemes --speech DIR --labels DIR`.

DIR of speech holds Emo-DB's utterances (CC0), DIR of labels their phone labels. Two speakers are
held out for the card. About ten minutes on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from harness.lipsync.visemes import DILATIONS, N_MELS, OPENING, RATE, TAPS, WEIGHTS
from metrics.training.phones import HELD_OUT, Example, Utterance, plain, pool, utterances, varied

#: Of every layer; steps, windows a step and their seconds; variants of each utterance.
CHANNELS, STEPS, BATCH, SECONDS, VARIANTS = 96, 4000, 16, 2.0, 8
_LEARNING_RATE, _WEIGHT_DECAY, _SMOOTHING = 3e-3, 1e-2, 0.1

#: Share of hidden values that are dropped in training. Of eight speakers a network learns voices
#: by heart: without it, 0.82 of the columns of training are right and 0.70 of unseen speakers'.
_DROPOUT = 0.2

#: Principal directions of the first layer that are kept.
_DIRECTIONS = 12


def network() -> nn.Sequential:
    """Dilated convolutions with ReLU, and a readout: [B,32,N] -> scores [B,12,N]."""
    parts: list[nn.Module] = []
    inputs = N_MELS
    for dilation in DILATIONS:
        reach = dilation * (TAPS // 2)
        parts += [nn.Conv1d(inputs, CHANNELS, TAPS, 1, reach, dilation), nn.ReLU()]
        inputs = CHANNELS
    return nn.Sequential(*parts, nn.Conv1d(inputs, len(OPENING), 1))


def with_dropout(net: nn.Sequential) -> nn.Sequential:
    """The same layers, with dropout after each ReLU; what is stored keeps its names."""
    parts: list[nn.Module] = []
    for layer in net:
        parts += [layer, nn.Dropout(_DROPOUT)] if isinstance(layer, nn.ReLU) else [layer]
    return nn.Sequential(*parts).train()


class Windows:
    """Windows of a pool of examples, each within one of them.

    Examples were normalised over their whole sound, as at inference, and are cut only here. What
    a short one lacks is 0, with no shape.
    """

    def __init__(self, examples: Sequence[Example], width: int) -> None:
        seen, shapes, starts, first = [], [], [], 0
        for bands, known in examples:
            lacking = max(0, width - len(known))
            seen.append(np.pad(bands, ((0, lacking), (0, 0))))
            shapes.append(np.pad(known, (0, lacking), constant_values=-1))
            starts.append(first + np.arange(len(known) + lacking - width + 1))
            first += len(known) + lacking
        self.seen = torch.from_numpy(np.concatenate(seen))
        self.shapes = torch.from_numpy(np.concatenate(shapes))
        self.starts = torch.from_numpy(np.concatenate(starts))
        self.columns = torch.arange(width)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Some at random: bands float32 [B,32,W], shapes int64 [B,W]."""
        start = self.starts[torch.randint(len(self.starts), (count,))]
        rows = start[:, None] + self.columns
        return self.seen[rows].transpose(1, 2), self.shapes[rows]


def train(examples: Sequence[Example], seed: int = 0, steps: int = STEPS) -> nn.Sequential:
    """A network that was trained on windows of some examples."""
    torch.manual_seed(seed)
    net = network()
    trained = with_dropout(net)
    windows = Windows(examples, round(SECONDS * RATE))
    optimizer = torch.optim.AdamW(net.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, steps)
    loss_of = nn.CrossEntropyLoss(ignore_index=-1, label_smoothing=_SMOOTHING)
    for _ in range(steps):
        seen, shapes = windows.draw(BATCH)
        loss = loss_of(trained(seen), shapes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval()


@torch.inference_mode()
def right(net: nn.Sequential, examples: Sequence[Example]) -> float:
    """Share of labelled columns whose shape is found."""
    hits = total = 0
    for seen, shapes in examples:
        found = net(torch.from_numpy(seen.T[None]))[0].argmax(0).numpy()
        hits += int((found == shapes)[shapes >= 0].sum())
        total += int((shapes >= 0).sum())
    return hits / max(total, 1)


@torch.inference_mode()
def principal(net: nn.Sequential, examples: Sequence[Example], layer: int = 1) -> Tensor:
    """Directions in which a hidden layer varies most, float32 [12,C] of unit length.

    The sign of each is such that its largest component is positive.
    """
    layers = net[: 2 * layer]
    total = 0
    first = torch.zeros(CHANNELS, dtype=torch.float64)
    second = torch.zeros(CHANNELS, CHANNELS, dtype=torch.float64)
    for seen, _ in examples:
        values = layers(torch.from_numpy(seen.T[None]))[0].double()
        total += values.shape[1]
        first += values.sum(1)
        second += values @ values.T
    mean = first / total
    _, vectors = torch.linalg.eigh(second / total - torch.outer(mean, mean))
    found = vectors.T.flip(0)[:_DIRECTIONS]
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    return (found * largest.sign()).float()


def figures(net: nn.Sequential, data: Sequence[Utterance], seed: int) -> dict[str, float]:
    """Shares of right columns of the speakers that are held out, as they are and disturbed."""
    held = [utterance for utterance in data if utterance.held_out]
    rng = np.random.default_rng(seed + 1)
    return {
        "frames right of unseen speakers": right(net, [plain(u) for u in held]),
        "the same, disturbed": right(net, [varied(u, rng, quicken=False) for u in held]),
        "parameters": sum(p.numel() for p in net.parameters()),
    }


def card(found: Mapping[str, float], seed: int, steps: int) -> str:
    """What the network is good for, and how it was made, Markdown."""
    rows = "\n".join(f"| {name} | {value:,.6g} |" for name, value in found.items())
    command = "python -m metrics.training.visemes --speech DIR --labels DIR"
    return f"""# Visemes from speech

Classifies every 10 ms of sound as one of twelve mouth shapes ({", ".join(OPENING)}).

Trained by this project on Emo-DB (acted emotional German speech of ten speakers, CC0) and its
phone labels; no video was seen. {len(DILATIONS)} temporal convolutions of {CHANNELS} channels
see 140 ms on either side. Every utterance was also shown in {VARIANTS} variants: other rooms,
microphones, bands and noise, and 15% slower to 20% faster (`harness/media/sound_variants.py`).

Used to tell whether sound and mouth belong together, on any language: what matters is when the
mouth opens. The twelve principal directions of its first layer (`directions`) are the features of
the expert for real speech. Weights stored as float16.

- Held out for the figures below, and never trained on: speakers {", ".join(HELD_OUT)}.
- {steps} steps, seed {seed}. Retrain with `{command}`.

| figure | value |
|---|--:|
{rows}
"""


def main() -> None:
    """Train, and write weights and card."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", type=Path, required=True, help="folder of WAV files")
    parser.add_argument("--labels", type=Path, required=True, help="folder of .lablaut files")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    data = utterances(options.speech, options.labels)
    examples = pool([u for u in data if not u.held_out], VARIANTS, options.seed)
    # The figures are about what is stored.
    net = train(examples, options.seed, options.steps).half().float()
    found = figures(net, data, options.seed)
    tensors = net.state_dict() | {"directions": principal(net, examples)}
    save_file({name: value.half().contiguous() for name, value in tensors.items()}, options.out)
    text = card(found, options.seed, options.steps)
    options.out.with_suffix(".md").write_text(text, encoding="utf-8")
    for name, value in found.items():
        print(f"{name} {value:.4g}")


if __name__ == "__main__":
    main()
