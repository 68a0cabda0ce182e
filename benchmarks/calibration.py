"""Does UA-3DTalk's uncertainty know its errors? `python -m benchmarks.calibration`.

Module U weighs the modalities of every Gaussian by their variances. If those are calibrated, the
variance of what it fuses is large where and when the rendering is wrong. For the frames of a test
part this compares, Gaussian by Gaussian of the face,

* the variance: mean over the fused latent's coordinates (`fused_variance`);
* the error: mean absolute difference of rendered and true pixels (0 to 1) where the Gaussian is
  seen, weighed by how much of each pixel it makes up;

on three sounds: the test part's own, the same one disturbed (noise, room, narrow band), and that of
another voice, which no expert knows. To the last no true frames belong: only its variance is shown.

Prints rank correlations (1: the order of variances is that of errors, 0: they have nothing to do
with each other) and a table of ten bins; `--plot FILE` draws it (extra `test`).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.mouth import fitted, over, request_of
from harness.contracts import Sequence
from harness.contracts.method import NULL_CLOCK

BINS = 10
#: Pixels that a Gaussian must make up in a frame for its error there to count.
FEWEST_PIXELS = 0.5


@dataclass(frozen=True)
class Observed:
    """Variances and errors of T frames and N Gaussians; NaN where a Gaussian is not seen."""

    variance: np.ndarray  # float64 [T,N]
    error: np.ndarray  # float64 [T,N], in 0..1

    def correlations(self) -> dict[str, float]:
        """Spearman's rank correlation of variance and error over what varies."""
        from scipy.stats import spearmanr

        variance, error = self.variance, self.error
        seen = np.isfinite(error)
        masked = np.where(seen, variance, np.nan)
        often = seen.sum(0) > len(seen) // 2
        return {
            "frames and Gaussians": float(spearmanr(variance[seen], error[seen])[0]),
            "frames": float(spearmanr(np.nanmean(masked, 1), np.nanmean(error, 1))[0]),
            "Gaussians": float(
                spearmanr(np.nanmean(masked[:, often], 0), np.nanmean(error[:, often], 0))[0]
            ),
        }

    def bins(self) -> list[tuple[float, float]]:
        """Mean variance and root mean square error of equally many observations, by variance."""
        seen = np.isfinite(self.error)
        variance, error = self.variance[seen], self.error[seen]
        parts = np.array_split(np.argsort(variance, kind="stable"), BINS)
        return [
            (float(variance[part].mean()), float(np.sqrt((error[part] ** 2).mean())))
            for part in parts
        ]


def observed(method: Any, part: Sequence) -> Observed:
    """Render the face of every frame of a part and compare it with the truth."""
    renderer = method._renderer
    request = request_of(part)
    features = renderer.features(request)
    viewpoints = renderer.viewpoints(request)
    masks, plate = part.signal("masks"), part.signal("plate")
    variances, errors = [], []
    for t, viewpoint in enumerate(viewpoints):
        conditions = features.conditions(t, renderer.device)
        rendered = renderer.frame(features, viewpoint, t, NULL_CLOCK)
        image = over(rendered, plate[t])
        error = np.abs(image - part.frames[t] / 255.0).mean(-1)
        # The inside of the mouth is the other branch's.
        counts = torch.from_numpy(~masks.region("mouth", t)).float()
        weights = torch.ones(len(renderer.face), 1, requires_grad=True)
        offsets = renderer.face_field(conditions)
        shown = renderer.face.splat_values(viewpoint, offsets, weights)[..., 0]
        wrong = counts * torch.from_numpy(error.astype(np.float32))
        (pulled,) = torch.autograd.grad((shown * wrong).sum(), weights, retain_graph=True)
        (area,) = torch.autograd.grad((shown * counts).sum(), weights)
        mean = torch.where(area > FEWEST_PIXELS, pulled / area, torch.nan)[:, 0]
        variances.append(renderer.face_field.variance(conditions).numpy())
        errors.append(mean.double().numpy())
    return Observed(np.stack(variances), np.stack(errors))


def other_sounds(part: Sequence, seed: int) -> dict[str, Sequence]:
    """The part with a disturbed sound, and with the voice of another synthetic subject."""
    from harness.media.sound_variants import disturbed
    from splits.performances import synthetic

    worse = disturbed(part.audio, np.random.default_rng(seed), often=1.0)
    # No expert learnt from the subjects of these seeds.
    other = next(synthetic(1, seed + 7, fps=part.fps, workers=1)).audio[: len(part.audio)]
    return {"disturbed": replace(part, audio=worse), "another voice": replace(part, audio=other)}


def plot(found: dict[str, Observed], path: Path) -> None:
    """Draw the bins: a calibrated variance gives a rising line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 3.6), layout="constrained")
    for name, each in found.items():
        variance, error = zip(*each.bins(), strict=True)
        axes.plot(variance, error, "o-", label=name)
    axes.set(xlabel="fused variance (latent units)", ylabel="RMS pixel error (0 to 1)")
    axes.set_title("Face, test part: ten bins of equally many Gaussians", fontsize=10)
    axes.legend(title="sound")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Fit, observe, print; minutes on one core."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--split", default="synthetic-mini")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fit", type=Path, metavar="FOLDER", help="a finished fit to read")
    parser.add_argument("--plot", type=Path, metavar="FILE")
    options = parser.parse_args()
    from harness.engine.split_data import find_manifest
    from splits import catalog as splits

    manifest = find_manifest(options.split)
    sequence = splits.loader(manifest)(manifest, manifest.sequences[0])
    if not len(sequence.train) or not len(sequence.test):
        raise SystemExit(f"{sequence.id} is no sequence with a training and a test part")
    method = fitted(sequence, {}, options.seed, options.fit)
    part = sequence.part(sequence.test)
    sounds = {"own": part, **other_sounds(part, options.seed)}
    try:
        found = {name: observed(method, each) for name, each in sounds.items()}
    except ValueError as error:  # a fit without module U
        raise SystemExit(str(error)) from error
    level = float(np.median(found["own"].variance))
    for name, each in found.items():
        ratio = float(np.median(each.variance)) / level
        print(f"{name}: median variance {ratio:.2f} of the own sound's")
        if name != "another voice":
            known = {over: round(value, 3) for over, value in each.correlations().items()}
            print("  rank correlation of variance and error over", json.dumps(known))
            print("  variance, error:", " ".join(f"{v:.2e}, {e:.4f};" for v, e in each.bins()))
    if options.plot:
        plot({name: found[name] for name in ("own", "disturbed")}, options.plot)


if __name__ == "__main__":
    main()
