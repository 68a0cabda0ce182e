"""`score`: any videos against ground truth, with every metric that applies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    AllowLarge,
    Device,
    DryRun,
    FreshTable,
    KeepFailed,
    Metrics,
    parse_metrics,
    resolve_device,
)
from harness.contracts import BadInput


def score(
    pred: Annotated[
        list[str],
        typer.Option(
            help="Prediction: video, folder of images, prediction archive, mesh sequence, or a "
            "folder of those. NAME=PATH names its row. May be repeated."
        ),
    ],
    truth: Annotated[Path, typer.Option(help="Ground truth, of the same kinds; paired by name.")],
    metrics: Metrics = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results and page; default: runs/score-TRUTH.")
    ] = None,
    with_truth: Annotated[
        bool,
        typer.Option("--with-truth", help="Add a row that scores the ground truth against itself."),
    ] = False,
    resample_fps: Annotated[
        float | None, typer.Option(help="Resample both videos to this frame rate (recorded).")
    ] = None,
    trim: Annotated[
        bool,
        typer.Option(
            "--trim", help="Cut frames and sound at the end to the shorter of the two (recorded)."
        ),
    ] = False,
    resize: Annotated[
        bool,
        typer.Option(
            "--resize", help="Resize predictions to the size of the ground truth (recorded)."
        ),
    ] = False,
    fps: Annotated[float | None, typer.Option(help="Frame rate of folders of images.")] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="CSV file with name,subject,emotion,intensity of each sequence."),
    ] = None,
    drive: Annotated[
        str,
        typer.Option(
            help="Driving signal of the predictions (audio, video, ...), shown in their rows."
        ),
    ] = "",
    domain: Annotated[
        str | None, typer.Option(help="photo or synthetic: selects the pretrained networks.")
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="Meshes: the neutral mesh, .npy or .obj.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(help="Meshes: vertex list lip=FILE, upper=FILE or eye=FILE."),
    ] = None,
    device: Device = "auto",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="A trial on the first N frames of each sequence; its table is kept apart from "
            "full ones.",
        ),
    ] = None,
    keep_failed: KeepFailed = False,
    fresh_table: FreshTable = False,
    dry_run: DryRun = False,
    allow_large: AllowLarge = False,
) -> None:
    """Score videos of any method against the ground truth."""
    from harness.cli.shared.closing import finish_all
    from harness.engine.alignment.meshes import read_common
    from harness.engine.planning import make_plan
    from harness.engine.request import FilesData, FilesRow, Remedies, Request, limited_folder

    for name, rate in (("--fps", fps), ("--resample-fps", resample_fps)):
        if rate is not None and not 1 <= rate <= 1000:
            raise BadInput(
                name, f"invalid frame rate: {rate:g}", "Give frames per second, such as 25."
            )
    if domain not in (None, "photo", "synthetic"):
        raise BadInput("--domain", f"{domain!r} is unknown", "Use photo or synthetic.")
    data = FilesData(
        truth=truth,
        remedies=Remedies(resample_fps, trim, resize),
        fps=fps,
        domain=domain,
        drive=drive,
        with_truth=with_truth,
        labels=labels,
        common=read_common(template, parse_regions(region or [])),
        limit=limit,
    )
    rows = tuple(FilesRow(name, path) for name, path in parse_predictions(pred).items())
    request = Request(rows, data, parse_metrics(metrics), resolve_device(device))
    plan = make_plan(request)
    folder = out or Path("runs") / limited_folder(f"score-{truth.resolve().stem}", limit)
    fine = finish_all(
        [plan],
        lambda _: folder,
        request.device,
        fresh=fresh_table,
        keep_failed=keep_failed,
        dry_run=dry_run,
    )
    if not fine:
        raise typer.Exit(1)


def parse_predictions(texts: list[str]) -> dict[str, Path]:
    """`NAME=PATH` or `PATH` options; a path without a name is called by its own.

    Raises:
        BadInput: a name or a path is empty, or a name is used twice.

    """
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
    found: dict[str, Path] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise BadInput("--region", f"{text!r} is not NAME=FILE", "Write --region lip=FILE.")
        if name in found:
            raise BadInput("--region", f"{name!r} is given twice", "Give one file per region.")
        found[name] = Path(file)
    return found
