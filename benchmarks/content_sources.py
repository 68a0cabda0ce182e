"""How well real mouths follow from sound, by where content comes from: held-out correlations.

The kernel regressions among which UA-3DTalk's content stage chooses, from the cepstra, from the
expert for real speech, and from both, to how open the landmarker sees the mouth. One speaker: the
training part of a sequence of 20 s, in folds. Several: GRID's, each predicted from the others.

    python -m benchmarks.content_sources ../shared/assets

Prints a Markdown table. About a minute on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from harness.lipsync.lips import lips_apart
from harness.media.audio import read_audio
from harness.media.face_landmarker import FaceLandmarker
from harness.media.video import read_frames
from methods.ua3dtalk.priors.config import CONTENT_SIZE, PriorConfig
from methods.ua3dtalk.priors.expression.content import content_inputs, fit_content
from methods.ua3dtalk.priors.folds import assign_folds

FPS = 25.0

#: Of a sequence, what is trained on.
_TRAIN = 10 / 11

OWN, EXPERT = PriorConfig(content="own"), PriorConfig(expert="speech")

#: Source -> the configuration, and how many of its blocks of inputs are taken.
SOURCES = {
    "the sound's cepstra": (OWN, 1),
    "the expert": (EXPERT, 1),
    "both": (EXPERT, 2),
}

#: Sound float32 [S], and how open the jaw is and how far apart the lips are, float [T,2].
Spoken = tuple[np.ndarray, np.ndarray]


def spoken(path: Path, landmarker: FaceLandmarker, share: float = 1.0) -> Spoken:
    """The first part of a video."""
    faces = [landmarker.detect(frame, path) for frame in read_frames(path)]
    faces = faces[: int(share * len(faces))]
    jaw = faces[0].names.index("jawOpen")
    seen = [(face.blendshapes[jaw], lips_apart(face.landmarks)) for face in faces]
    return read_audio(path)[: round(len(faces) / FPS * 16_000)], np.array(seen)


def correlations(
    videos: list[Spoken], folds: np.ndarray, config: PriorConfig, blocks: int
) -> list[float]:
    """Of jaw and lips with what is predicted of frames whose fold was held out.

    Args:
        videos: in which each measure is brought to mean 0 and deviation 1.
        folds: int64 [T] of all frames.
        config: where content comes from.
        blocks: of inputs that are taken.

    """
    given = [content_inputs(audio, FPS, len(seen), config)[:blocks] for audio, seen in videos]
    inputs = [torch.cat(parts) for parts in zip(*given, strict=True)]
    truth = np.concatenate([(seen - seen.mean(0)) / seen.std(0) for _, seen in videos])
    target = torch.zeros(len(truth), CONTENT_SIZE)
    target[:, : truth.shape[1]] = torch.from_numpy(truth)
    names = range(int(folds.max()) + 1)
    seen = [[k for k in names if k != held_out] for held_out in names]
    model = fit_content(inputs, target, torch.from_numpy(folds), seen, config, config is EXPERT)
    found: Tensor = model(inputs)[folds, torch.arange(len(folds))]
    return [float(np.corrcoef(found[:, k], truth[:, k])[0, 1]) for k in range(truth.shape[1])]


def table(rows: Iterable[tuple[str, list[float]]]) -> str:
    """Markdown."""
    head = ["| | jaw | lips | GRID, jaw | GRID, lips |", "|---|--:|--:|--:|--:|"]
    return "\n".join(
        [*head, *(f"| {name} | {' | '.join(f'{v:.2f}' for v in found)} |" for name, found in rows)]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assets", type=Path)
    assets = parser.parse_args().assets
    with FaceLandmarker(assets / "weights" / "face_landmarker.task") as landmarker:
        one = [spoken(assets / "video" / "obama_20s_synced.mp4", landmarker, _TRAIN)]
        paths = sorted((assets / "video" / "grid").glob("*.mpg"))
        several = [spoken(path, landmarker) for path in paths]
    in_turn = assign_folds([len(one[0][1])], FPS, OWN.folds, OWN.block_seconds)
    by_speaker = np.repeat(np.arange(len(several)), [len(seen) for _, seen in several])
    print(
        table(
            (
                name,
                correlations(one, in_turn, config, blocks)
                + correlations(several, by_speaker, config, blocks),
            )
            for name, (config, blocks) in SOURCES.items()
        )
    )


if __name__ == "__main__":
    main()
