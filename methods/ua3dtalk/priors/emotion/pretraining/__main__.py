"""`python -m methods.ua3dtalk.priors.emotion.pretraining`: train the experts that are shipped.

`synthetic` learns from synthetic subjects and holds the last fifth of them out. `speech` learns
from Emo-DB: its figures are those of networks that did not learn from the speaker in question (five
folds of two speakers), and the one that is written learns from all ten.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from methods.speech.experts.training import print_progress
from methods.ua3dtalk.priors.config import EMOTION_EXPERTS, PRESETS
from methods.ua3dtalk.priors.emotion import expert
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.pretraining.card import as_stored, card_of, write_trained
from methods.ua3dtalk.priors.emotion.pretraining.pool import CLEAN, STUDIO
from methods.ua3dtalk.priors.emotion.pretraining.speech import (
    LabelledSpeech,
    continuous,
    emodb,
    split_people,
    synthetic,
)
from methods.ua3dtalk.priors.emotion.pretraining.train import (
    STEPS,
    accuracy,
    confusion,
    pretrain,
)

PERFORMANCES = "splits.performances:synthetic"
_CPU = torch.device("cpu")
#: Speakers of a fold, and tracks with another order of utterances for each of them.
_FOLD, _TRACKS = 2, 2


def main() -> None:
    """Train what was asked for, and print its card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("domain", choices=sorted(EMOTION_EXPERTS))
    parser.add_argument("--subjects", type=int, default=150, help="synthetic subjects")
    parser.add_argument("--frames", type=int, default=1100, help="frames of each of them")
    parser.add_argument("--performances", default=PERFORMANCES, help="module:function")
    parser.add_argument("--speech", type=Path, help="folder of Emo-DB's WAV files")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="file of the weights")
    options = parser.parse_args()
    options.out = options.out or EMOTION_EXPERTS[options.domain]
    print(_synthetic(options) if options.domain == "synthetic" else _speech(options))


def _synthetic(options: argparse.Namespace) -> str:
    people = synthetic(options.performances, options.subjects, options.seed, options.frames)
    count = len(people) - max(1, len(people) // 5)
    learn, held = people[:count], people[count:]
    net = pretrain(
        learn, PRESETS["quick"], options.seed, options.steps, _CPU, print_progress, CLEAN
    )
    made = (
        "Voices are this project's own; no split and no metric network has any of these "
        f"subjects.\n  {options.steps} steps, seed {options.seed}. Retrain with `python -m "
        f"methods.ua3dtalk.priors.emotion.pretraining\n  synthetic "
        f"--subjects {options.subjects} --steps {options.steps}`."
    )
    return write_trained(options.out, net, PRESETS["quick"], learn, held, made)


def _speech(options: argparse.Namespace) -> str:
    people = emodb(options.speech)
    names = [one.subject for one in people]
    tables = {}
    for first in range(0, len(names), _FOLD):
        learn, held = split_people(people, names[first : first + _FOLD])
        net = _learnt(learn, options)
        as_stored(net)
        for one in held:
            tables[one.subject] = confusion(net, one, whole=True)
            print(f"{one.subject}: {accuracy(tables[one.subject]):.3f}", file=sys.stderr)
    net = _learnt(people, options)
    as_stored(net)
    made = (
        "Emo-DB (acted German speech, CC0) without boredom, which is none of the eight emotions; "
        "contempt and\n  surprise do not occur in it. For the figures, networks were trained "
        f"without the speaker in question\n  ({len(names) // _FOLD} folds); the weights here "
        f"learnt from all. No metric learns from Emo-DB.\n  {options.steps} steps, seed "
        f"{options.seed}. Retrain with `python -m methods.ua3dtalk.priors.emotion.pretraining\n"
        f"  speech --speech DIR --steps {options.steps}`."
    )
    card = card_of(net, people, people, tables, made, "utterances")
    expert.write(options.out, net, PRESETS["quick"], {"subjects": len(people)}, card)
    return card


def _learnt(people: list[LabelledSpeech], options: argparse.Namespace) -> CoAttention:
    rng = np.random.default_rng(options.seed)
    tracks = [continuous(one, rng) for one in people for _ in range(_TRACKS)]
    return pretrain(
        tracks, PRESETS["quick"], options.seed, options.steps, _CPU, print_progress, STUDIO
    )


if __name__ == "__main__":
    main()
