"""The value of module P by the accuracy of its content: `python -m benchmarks.prior_value`.

UA-3DTalk's P brings knowledge from outside the training set: a lip expert trained on the speech of
many subjects. On the synthetic corpus this project's P learns from the training part alone. Here
the row "P" of Table 2 is trained with other priors, given as the signal `priors`:

* `own`: as the grid does it, trained on the training part, cross-fitted;
* `expert`: the same regression, trained on other subjects and no frame of this one;
* `truth`: the true expression, the upper bound of any expert.

Prints, for each, PSNR, LMD, Sync-C and E-FID beside the row without P, and how well the
content follows the true expression of the test part (mean correlation of coefficients).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from harness.contracts import Priors, Sequence

COLUMNS = ("psnr", "psnr/head", "lmd/synthetic", "sync_c/synthetic", "e_fid/synthetic")
METRICS = ("psnr", "psnr/regions", "lmd/synthetic", "sync/synthetic", "e_fid/synthetic")
Content = Callable[[Sequence], np.ndarray]


def target(sequence: Sequence) -> np.ndarray:
    """True expression of all frames, float32 [T, 64], standardised over the training part."""
    from methods.ua3dtalk.priors.target import ExpressionTarget

    expression = sequence.signal("expression")
    train = sequence.part(sequence.train).signal("expression")
    return ExpressionTarget.of(train, sequence.id).transform(expression.values)


@cache
def expert(subjects: int):
    """A regression from sound to expression, of subjects that no split tests."""
    from methods.ua3dtalk.priors.config import PriorConfig
    from methods.ua3dtalk.priors.expression.content import content_inputs, fit_content
    from splits.synthetic.corpus import training_sequences

    config = PriorConfig()
    inputs, targets, assigned = [], [], []
    for index, sequence in enumerate(training_sequences(subjects, (64, 64))):
        goal = torch.from_numpy(target(sequence))
        inputs.append(content_inputs(sequence.audio, sequence.fps, len(goal), config))
        targets.append(goal)
        assigned.append(torch.full((len(goal),), index))
    everyone = [list(range(subjects))]
    return fit_content(
        torch.cat(inputs), torch.cat(targets), torch.cat(assigned), everyone, config
    ), config


def predicted(sequence: Sequence, subjects: int) -> np.ndarray:
    """The expert's expression, float32 [T, 64]."""
    from methods.ua3dtalk.priors.expression.content import content_inputs

    model, config = expert(subjects)
    count = len(sequence.frames)
    return model(content_inputs(sequence.audio, sequence.fps, count, config))[0].numpy()


@contextmanager
def with_content(content: Content) -> Iterator[None]:
    """Sequences of the corpus come with priors of this content; style and emotion are 0."""
    from splits.synthetic import corpus

    kept = corpus._sequence

    def with_priors(*args: object, **options: object) -> Sequence:
        sequence = kept(*args, **options)
        values = content(sequence)
        count = len(values)
        priors = Priors(
            values, np.zeros((count, 64), np.float32), np.zeros((count, 128), np.float32)
        )
        return replace(sequence, signals={**sequence.signals, "priors": priors})

    corpus._sequence = with_priors
    try:
        yield
    finally:
        corpus._sequence = kept


def scores(out: Path, split: str, seeds: tuple[int, ...], prior: bool) -> dict[str, float]:
    """Train, render and score one row of Table 2; columns by name."""
    from harness.engine.execution import Engine
    from harness.engine.planning import make_plan
    from harness.engine.request import MethodRow, Request, SplitData

    overrides = {"use_prior": prior, "use_emotion": False, "use_uncertainty": False}
    row = MethodRow("ua3dtalk", options=overrides, seeds=seeds)
    results = Engine(out).run(make_plan(Request((row,), SplitData(split), METRICS)))
    row = next(row for row in results.rows if row.drive == "audio+au")
    return {name: row.scores[name].value for name in COLUMNS}


def follows(content: Content, split: str) -> float:
    """Correlation of a content with the true expression over the test parts."""
    from methods.ua3dtalk.priors.target import prediction_errors
    from splits import catalog

    manifest, found = catalog.manifest(split), []
    for entry in manifest.sequences:
        sequence = catalog.loader(manifest)(manifest, entry)
        test = np.asarray(sequence.test)
        found.append(prediction_errors(content(sequence)[test], target(sequence)[test]))
    return float(np.mean([each["correlation"] for each in found]))


def main() -> None:
    """Print the table; trains once for each row and seed (minutes on two cores)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", default="synthetic-mini")
    parser.add_argument("--seeds", default="0", help="comma-separated")
    parser.add_argument("--subjects", type=int, default=12, help="that the expert is trained on")
    parser.add_argument("--out", type=Path, default=Path("runs/prior-value"))
    options = parser.parse_args()
    seeds = tuple(int(seed) for seed in options.seeds.split(","))
    contents: dict[str, Content | None] = {
        "without P": None,
        "own": None,
        "expert": lambda sequence: predicted(sequence, options.subjects),
        "truth": target,
    }
    expert(options.subjects)  # before the corpus is changed: the expert is trained on it, too
    print(f"{'content':10} {'follows':>8}", *(f"{name:>16}" for name in COLUMNS))
    for name, content in contents.items():
        with with_content(content) if content else nullcontext():
            found = scores(
                options.out / name.replace(" ", "-"), options.split, seeds, name != "without P"
            )
        known = f"{follows(content, options.split):8.2f}" if content else " " * 8
        print(f"{name:10} {known}", *(f"{value:16.4f}" for value in found.values()), flush=True)


if __name__ == "__main__":
    main()
