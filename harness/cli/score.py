"""`score`: anyone's videos beside their truth, with every metric that applies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Device, Metrics, parse_metrics, resolve_device


def score(
    pred: Annotated[
        list[str],
        typer.Option(
            help="Video, folder of pictures, archive, or a folder of those; NAME=PATH names the "
            "row. May be repeated: one row each."
        ),
    ],
    truth: Annotated[Path, typer.Option(help="The same of the real recording; paired by name.")],
    metrics: Metrics = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results and page; default runs/score-TRUTH.")
    ] = None,
    with_truth: Annotated[
        bool, typer.Option("--with-truth", help="Add a row that scores the truth against itself.")
    ] = False,
    resample_fps: Annotated[
        float | None, typer.Option(help="Declared: bring both sides to this frame rate.")
    ] = None,
    trim: Annotated[
        bool, typer.Option("--trim", help="Declared: cut frames and sound to the shorter side.")
    ] = False,
    resize: Annotated[
        bool, typer.Option("--resize", help="Declared: bring predictions to the truth's size.")
    ] = False,
    fps: Annotated[
        float | None, typer.Option(help="Frame rate of folders of pictures, which state none.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="CSV name,subject,emotion,intensity of the recordings.")
    ] = None,
    drive: Annotated[
        str, typer.Option(help="What drove the predictions (audio, video, ...); stands in the row.")
    ] = "",
    domain: Annotated[
        str | None, typer.Option(help="photo or synthetic: which networks may look.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="Meshes: the neutral mesh, .npy or .obj.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(help="Meshes: vertex list lip=FILE, upper=FILE or eye=FILE."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Score videos of any method beside the real ones."""
    from harness.cli.closing import carry_out
    from harness.contracts import BadInput
    from harness.engine.alignment.meshes import read_common
    from harness.engine.alignment.plan import Request, make_plan
    from harness.engine.alignment.remedies import Remedies
    from harness.engine.alignment.run import Scorer
    from harness.engine.progress import watch

    for name, rate in (("--fps", fps), ("--resample-fps", resample_fps)):
        if rate is not None and not 1 <= rate <= 1000:
            raise BadInput(name, f"{rate:g} is no frame rate", "Give frames per second, as 25.")
    if domain not in (None, "photo", "synthetic"):
        raise BadInput("--domain", f"{domain!r} is unknown", "Use photo or synthetic.")
    request = Request(
        predictions=parse_predictions(pred),
        truth=truth,
        metrics=parse_metrics(metrics),
        remedies=Remedies(resample_fps, trim, resize),
        fps=fps,
        domain=domain,
        drive=drive,
        device=resolve_device(device),
        with_truth=with_truth,
        labels=labels,
        common=read_common(template, parse_regions(region or [])),
    )
    with watch("checking") as progress:
        plan = make_plan(request, progress)
    folder = out or Path("runs") / f"score-{truth.resolve().stem}"
    if not carry_out(Scorer(folder, request.device), plan, plan.key):
        raise typer.Exit(1)


def parse_predictions(texts: list[str]) -> dict[str, Path]:
    """`NAME=PATH` or `PATH` options; a path without a name is called by its own.

    Raises:
        BadInput: a name or a path is empty, or a name is used twice.

    """
    from harness.contracts import BadInput

    found: dict[str, Path] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        # A path may hold `=` itself; what exists as it stands is a path.
        path = Path(rest) if equals and not Path(text).exists() else Path(text)
        if not text or (equals and not rest):
            raise BadInput("--pred", f"{text!r} names no path", "Write --pred NAME=PATH.")
        if path == Path(text):
            name = path.resolve().stem if path.is_file() else path.resolve().name
        if not name:
            raise BadInput("--pred", f"{text!r} has an empty name", "Write --pred NAME=PATH.")
        if name in found:
            cure = "Name each row: --pred ours=PATH --pred theirs=PATH."
            raise BadInput("--pred", f"two rows would be called {name!r}", cure)
        found[name] = path
    return found


def parse_regions(texts: list[str]) -> dict[str, Path]:
    """`NAME=FILE` options.

    Raises:
        BadInput: one is not of that form, or a name is given twice.

    """
    from harness.contracts import BadInput

    found: dict[str, Path] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise BadInput("--region", f"{text!r} is not NAME=FILE", "Write --region lip=FILE.")
        if name in found:
            raise BadInput("--region", f"{name!r} is given twice", "Name one file a region.")
        found[name] = Path(file)
    return found
