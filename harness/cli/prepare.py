"""`prepare`: raw videos of one subject become a folder that `run --split` takes."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.options import AllowLarge
from harness.contracts import Unavailable
from harness.engine import messages

#: Modules of the extra `video`.
PACKAGES = ("cv2", "mediapipe")


def prepare(
    video: Annotated[
        list[Path],
        typer.Argument(help="One or several videos of one subject speaking, with sound."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist yet.")],
    test: Annotated[
        list[str] | None,
        typer.Option(
            help="Of several videos, one used only for testing, by file name without suffix; may "
            "be repeated. Default: the last eleventh of each video is the test part."
        ),
    ] = None,
    size: Annotated[int, typer.Option(help="Height and width of the frames in pixels.")] = 256,
    fps: Annotated[
        float | None,
        typer.Option(help="25 or 30: resample a video of another frame rate (recorded)."),
    ] = None,
    audio: Annotated[
        Path | None, typer.Option(help="Sound to use instead of the video's own.")
    ] = None,
    start: Annotated[
        float, typer.Option(min=0, help="Seconds of the video at which to begin.")
    ] = 0.0,
    end: Annotated[
        float | None, typer.Option(min=0, help="Seconds of the video at which to end.")
    ] = None,
    trim: Annotated[
        bool, typer.Option("--trim", help="Leave out frames at the end that have no sound.")
    ] = False,
    crop: Annotated[
        str,
        typer.Option(
            help="auto: one square that contains the head in all frames; none: the whole frame."
        ),
    ] = "auto",
    audio_offset: Annotated[
        float,
        typer.Option(help="Seconds by which to move the sound: -0.2 where it is 200 ms late."),
    ] = 0.0,
    masks: Annotated[
        str,
        typer.Option(
            help="How masks are made: auto (the first whose weights are present), multiclass, "
            "selfie or grabcut."
        ),
    ] = "auto",
    accept_masks: Annotated[
        bool,
        typer.Option(
            "--accept-masks",
            help="Go on where head, torso and background put together are not the video.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Check videos, options and weights, say what would be done, and end."
        ),
    ] = False,
    allow_large: AllowLarge = False,
) -> None:
    """Turn VIDEO into the folder layout of ER-NeRF and TalkingGaussian.

    Several videos become sequences of one subject, with one frame size and scale.
    """
    from harness.engine.progress import watch

    if absent := [name for name in PACKAGES if find_spec(name) is None]:
        fact = f"the package {absent[0]} is not installed"
        raise Unavailable("prepare", fact, "Run `pip install -e '.[video]'` in the checkout.")
    from splits import prepare as preparation
    from splits.prepare.source import Cut

    options: dict[str, Any] = {"test": test or (), "size": size, "crop": crop, "masks": masks}
    options["cut"] = Cut(fps, audio, start, end, trim, audio_offset)
    if dry_run:
        for sentence in preparation.check(video, out, **options).sentences():
            print(f"into {out}: {sentence}")
        return
    with watch(video[0].name if len(video) == 1 else out.name) as progress:
        preparation.prepare(video, out, **options, accept_masks=accept_masks, progress=progress)
    folders = [out] if len(video) == 1 else [out / path.stem for path in video]
    for folder in folders:
        for sentence in preparation.doubts(folder, alone=len(video) == 1):
            messages.note(f"note: {sentence}")
    command = f"python -m harness run --method ua3dtalk --split {shlex.quote(str(out))}"
    messages.note(f"Prepared {out}. Next:\n  {command}")
