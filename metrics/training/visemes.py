"""Train the viseme network: `python -m metrics.training.visemes --speech DIR --labels DIR`.

DIR of speech holds Emo-DB's utterances (CC0), DIR of labels their phone labels (`*.lablaut`, in
xlabel's format: the end of each segment in seconds, and its name). Two speakers are held out for
the card.
"""

from __future__ import annotations

import argparse
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from harness.lipsync.visemes import OPENING, RATE, WEIGHTS, windows
from harness.media.audio import read_audio

#: Mouth shape -> labels of Emo-DB, after their diacritics are taken off.
PHONES = {
    "silence": ". (",
    "p b m": "p b m B",
    "f v": "f v V",
    "s z": "s z",
    "sh": "S Z",
    "t d n l": "t d n l L D nn",
    "k g ng": "k g N x X R G 4 h H ? NN",
    "ee": "i I j C i6 I6 ia i@ I@",
    "eh": "e E @ 6 E6 e@ @6 9 2",
    "ah": "a aI aU a6 aO AO AU ao",
    "oh": "o O OY",
    "oo": "u U y Y",
}
SHAPES = {label: index for index, labels in enumerate(PHONES.values()) for label in labels.split()}

#: Speakers of the card's figure.
HELD_OUT = ("08", "15")

_EPOCHS, _BATCH, _HIDDEN, _SMOOTHING = 12, 256, 128, 0.1


def shape_of(label: str, before: int | None) -> int | None:
    """The mouth shape of a label; one that only says how goes on with the shape before it."""
    name = re.sub(r"^[!_]", "", label)
    name = re.sub(r"^([ptkbdg])asp$", r"\1", name)
    return SHAPES.get(name, before)


def targets(path: Path, count: int) -> np.ndarray:
    """The mouth shape of each column of 10 ms, int64 [count]; -1 where the label is unknown."""
    lines = path.read_text("latin-1").splitlines()
    found: np.ndarray = np.full(count, -1, np.int64)
    start, shape = 0, None
    for line in lines[lines.index("#") + 1 :]:
        time, _, *rest = line.split(maxsplit=2)
        label = rest[0].split()[0] if rest else ""
        shape = shape_of(label, shape)
        stop = round(float(time) * RATE)
        if shape is not None:
            found[start:stop] = shape
        start = stop
    return found


def utterances(speech: Path, labels: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Windows and mouth shapes of every labelled utterance, by file name."""
    found = {}
    for path in sorted(labels.glob("*.lablaut")):
        sound = speech / f"{path.stem.removesuffix('xx')}.wav"
        if sound.is_file():
            seen = windows(read_audio(sound))
            found[sound.stem] = seen, targets(path, len(seen))
    return found


def network() -> nn.Sequential:
    """Two hidden layers, ReLU."""
    inputs = windows(np.zeros(1600, np.float32)).shape[1]
    sizes = [inputs, _HIDDEN, _HIDDEN, len(OPENING)]
    parts: list[nn.Module] = []
    for a, b in pairwise(sizes):
        parts += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def train(
    data: dict[str, tuple[np.ndarray, np.ndarray]], seed: int = 0, epochs: int = _EPOCHS
) -> tuple[nn.Sequential, dict[str, float]]:
    """The network, and its share of right frames of the speakers that are held out."""
    torch.manual_seed(seed)
    parts = {True: ([], []), False: ([], [])}  # type: dict[bool, tuple[list, list]]
    for name, (seen, shapes) in data.items():
        known = shapes >= 0
        parts[name[:2] in HELD_OUT][0].append(seen[known])
        parts[name[:2] in HELD_OUT][1].append(shapes[known])
    x, y = (torch.from_numpy(np.concatenate(part)) for part in parts[False])
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-3)
    steps = epochs * (len(x) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=_SMOOTHING)
    for _ in range(epochs):
        order = torch.randperm(len(x))[: len(x) // _BATCH * _BATCH]
        for index in order.split(_BATCH):
            loss = loss_of(net(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    held_x, held_y = (torch.from_numpy(np.concatenate(part)) for part in parts[True])
    with torch.no_grad():
        right = (net(held_x).argmax(1) == held_y).float().mean().item()
    return net.eval(), {"frames_right_of_unseen_speakers": right, "frames": float(len(x))}


def main() -> None:
    """Train, and write weights and card."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", type=Path, required=True, help="folder of WAV files")
    parser.add_argument("--labels", type=Path, required=True, help="folder of .lablaut files")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    data = utterances(options.speech, options.labels)
    net, figures = train(data, options.seed)
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, options.out)
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value:.4g} |" for key, value in figures.items())
    options.out.with_suffix(".md").write_text(
        f"""# Visemes from speech

Classifies every 10 ms of sound as one of twelve mouth shapes ({", ".join(OPENING)}).

Trained by this project on Emo-DB (acted emotional German speech of ten speakers, CC0) and its
phone labels; no video was seen. Used to tell whether sound and mouth belong together, on any
language: what matters is when the mouth opens. Weights stored as float16.

- Held out for the figure below: speakers {", ".join(HELD_OUT)}.
- Seed {options.seed}. Retrain with `python -m metrics.training.visemes --speech DIR --labels DIR`.

| figure | value |
|---|---|
{rows}
""",
        encoding="utf-8",
    )
    for key, value in figures.items():
        print(f"{key} {value:.4g}")


if __name__ == "__main__":
    main()
