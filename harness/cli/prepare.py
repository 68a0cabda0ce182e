"""`prepare`: a raw video of a person becomes a folder that `run --split` takes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def prepare(
    video: Annotated[Path, typer.Argument(help="A video of one person speaking, with sound.")],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist yet.")],
    size: Annotated[int, typer.Option(help="Height and width of the frames in pixels.")] = 256,
    fps: Annotated[
        float | None, typer.Option(help="25 to resample a video of another frame rate, declared.")
    ] = None,
    crop: Annotated[
        str, typer.Option(help="auto: one square around the head's whole track; none: the frame.")
    ] = "auto",
    masks: Annotated[
        str, typer.Option(help="auto, selfie (needs its weights) or grabcut.")
    ] = "auto",
) -> None:
    """Turn VIDEO into the folder layout of ER-NeRF and TalkingGaussian."""
    from harness.engine.progress import watch
    from splits.prepare import prepare as run_prepare

    with watch(video.name) as progress:
        run_prepare(video, out, size=size, fps=fps, crop=crop, masks=masks, progress=progress)
    print(
        f"Prepared {out}. Next: python -m harness run --method ua3dtalk --split {out}",
        file=sys.stderr,
    )
