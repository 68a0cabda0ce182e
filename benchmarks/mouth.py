"""What limits the mouth: `python -m benchmarks.mouth`.

Fits UA-3DTalk on one sequence with content from several sources and prints, for frames of the
test and of the training part, the PSNR inside of the mouth and over the head, and how well the
content follows the true expression (mean correlation). Sources:

* `none`: no content;
* `own`: learnt from the subject's own recording;
* `expert`: the default, a lip expert that other voices taught, mapped to the subject;
* `truth`: the true expression, the upper bound of any expert. Style and emotion are 0 with it.

`--picture FILE` writes four frames of the test, truth above rendering with the first source: the
most open mouth, two less open ones, and the eyes closed most.

Training frames as bad as test frames mean that nothing was learnt by heart, although the content
of training frames is in-sample here; `truth` far above `expert`, that the sound says too little.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    FitContext,
    Method,
    Priors,
    RenderedFrame,
    RenderRequest,
    Sequence,
    TrainingSet,
)

SOURCES = ("none", "own", "expert", "truth")
REGIONS = ("mouth", "head")
#: Pixels of a picture for each of a frame.
ENLARGED = 3


def standardised(sequence: Sequence) -> np.ndarray:
    """True expression of all frames, float32 [T,64], standardised over the training part."""
    from methods.ua3dtalk.priors.target import ExpressionTarget

    train = sequence.part(sequence.train).signal("expression")
    target = ExpressionTarget.of(train, sequence.id)
    return target.transform(sequence.signal("expression").values)


def with_truth(sequence: Sequence) -> Sequence:
    """The sequence with its true expression as content, as if from files."""
    content = standardised(sequence)
    style, emotion = np.zeros((len(content), 64), "f4"), np.zeros((len(content), 128), "f4")
    priors = Priors(content, style, emotion)
    return replace(sequence, signals={**sequence.signals, "priors": priors})


def fitted(sequence: Sequence, changes: dict[str, Any], seed: int, folder: Path | None) -> Method:
    """UA-3DTalk fitted by `quick` on the training part, or as a finished fit in `folder` has it."""
    from methods import catalog
    from methods.ua3dtalk.spec import QUICK, SPEC

    method = catalog.build(SPEC.id)
    with tempfile.TemporaryDirectory() as empty:
        if folder is None:
            training = TrainingSet((sequence.part(sequence.train),))
            method.fit(training, Path(empty), FitContext({**QUICK, **changes}, seed=seed))
        method.load(folder or Path(empty))
    return method


def scores(method: Method, part: Sequence) -> dict[str, float]:
    """PSNR in dB of 8-bit frames by region, mean over the frames that show it."""
    masks = part.signal("masks")
    found: dict[str, list[float]] = {region: [] for region in REGIONS}
    for t, image in enumerate(images(method, part)):
        error = (image - part.frames[t]) ** 2
        for region in REGIONS:
            inside = masks.region(region, t)
            if inside.any():
                found[region].append(10 * np.log10(255**2 / max(error[inside].mean(), 1e-9)))
    return {region: float(np.mean(values)) for region, values in found.items()}


def request_of(part: Sequence) -> RenderRequest:
    """A request for the frames of a part, driven by audio and action units."""
    controls: dict[str, Any] = {"au": part.signal("au")}
    if part.has("priors"):
        controls["priors"] = part.signal("priors")
    return RenderRequest.of(part, controls, oracle=False)


def over(frame: RenderedFrame, plate: np.ndarray) -> np.ndarray:
    """A rendered frame over a plate uint8 [H,W,3]: float64 [H,W,3], about 0..1."""
    return frame.rgb + (1 - frame.alpha[..., None]) * (plate / 255)


def images(method: Method, part: Sequence) -> Iterator[np.ndarray]:
    """Rendered frames over the background plate, float64 [H,W,3] in 0..255, whole numbers."""
    plate = part.signal("plate")
    for t, frame in enumerate(method.render(request_of(part))):
        image = over(frame, plate[t])
        yield np.rint(image.clip(0, 1) * 255)


def picture(method: Method, part: Sequence, path: Path) -> None:
    """Write four frames, truth above rendering, cropped to the head and enlarged."""
    from PIL import Image

    masks = part.signal("masks")
    openness = np.argsort(-masks.region("mouth").sum((1, 2)), kind="stable")
    closed = int(np.argmax(part.signal("au").column("AU45")))
    chosen = [int(openness[k]) for k in (0, len(openness) // 10, len(openness) // 4)] + [closed]
    rows, columns = (np.flatnonzero(masks.region("head").any((0, axis))) for axis in (2, 1))
    crop = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    rendered = list(images(method, part))
    lines = [[source[t][crop] for t in chosen] for source in (part.frames, rendered)]
    sheet = np.concatenate([np.concatenate(line, 1) for line in lines]).astype(np.uint8)
    shown = Image.fromarray(sheet)
    shown.resize((shown.width * ENLARGED, shown.height * ENLARGED), Image.Resampling.LANCZOS).save(
        path
    )


def follows(method: Any, part: Sequence, truth: np.ndarray) -> float:
    """Correlation of the content of a part with the true expression."""
    from methods.ua3dtalk.priors.target import prediction_errors

    priors = method._renderer.priors.infer(part.audio, part.fps, len(part.frames))
    return prediction_errors(priors.content, truth)["correlation"]


def main() -> None:
    """Print the table; fits once for each source and seed (minutes on two cores)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mouth", description=__doc__)
    parser.add_argument("--split", default="synthetic-mini")
    parser.add_argument("--seeds", default="0", help="comma-separated")
    parser.add_argument("--sources", default=",".join(SOURCES), help="comma-separated")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    parser.add_argument("--fit", type=Path, metavar="FOLDER", help="a finished fit of one source")
    options = parser.parse_args()
    from splits import catalog as splits

    manifest = splits.manifest(options.split)
    sequence = splits.loader(manifest)(manifest, manifest.sequences[0])
    print(f"{'content':8} {'seed':>4} {'part':9} {'mouth':>6} {'head':>6} {'follows':>8}")
    for source in options.sources.split(","):
        shown = with_truth(sequence) if source == "truth" else sequence
        content = {} if source == "truth" else {"content": source}
        for seed in map(int, options.seeds.split(",")):
            method = fitted(shown, content, seed, options.fit)
            if options.picture:
                picture(method, shown.part(shown.test), options.picture)
                options.picture = None
            seen = range(shown.train.start, shown.train.start + len(shown.test))
            for name, frames in (("test", shown.test), ("training", seen)):
                found = scores(method, shown.part(frames))
                known = {"truth": "1.00"}.get(source, "-")
                if source in ("own", "expert"):
                    truth = standardised(shown)[np.asarray(frames)]
                    known = f"{follows(method, shown.part(frames), truth):.2f}"
                print(
                    f"{source:8} {seed:4} {name:9} {found['mouth']:6.2f} {found['head']:6.2f} "
                    f"{known:>8}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
