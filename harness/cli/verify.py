"""`verify`: what a method that runs out of process still lacks, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Device, resolve_device

if TYPE_CHECKING:
    from methods.external.base import ExternalMethod
    from methods.external.run.checkout import Adapter
    from methods.external.run.environment import Environment


@dataclass(frozen=True)
class Check:
    """One line of the table: `state` is `ok`, `missing`, or `-` where it could not be asked."""

    what: str
    state: str
    fact: str
    cure: str = ""


def verify(
    method: Annotated[str, typer.Argument(help="Method id (see `list methods`).")],
    data: Annotated[
        Path | None,
        typer.Option(help="A prepared folder: train and render 3 frames of it, as a smoke run."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Say what METHOD's own checkout still lacks.

    Root, interpreter, scripts, weights and licence are checked; exit code 2 if any is missing.
    With --data a smoke run follows: 3 frames of the test part, after the shortest training that
    the method allows.
    """
    from rich.console import Console

    from harness.cli.listing import new_table
    from harness.contracts import BadInput
    from methods import catalog
    from methods.external.base import ExternalMethod
    from methods.external.prerecorded import Prerecorded

    catalog.spec(method)
    built = catalog.build(method)
    if isinstance(built, Prerecorded):
        checks = prerecorded_checks(built)
    elif isinstance(built, ExternalMethod):
        checks = static_checks(built.adapter)
        complete = all(check.state == "ok" for check in checks)
        checks.append(smoke_check(built, data, resolve_device(device), complete))
        if built.adapter.note:
            checks.append(Check("note", "-", built.adapter.note))
    else:
        cure = "Only methods of methods/external are; see `doctor` for everything else."
        raise BadInput(f"method {method}", "it does not run out of process", cure)
    table = new_table(f"verify {method}", "what", "state", "found", "how to get it")
    for check in checks:
        table.add_row(check.what, check.state, check.fact, check.cure)
    Console().print(table)
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(2)


def static_checks(adapter: Adapter) -> list[Check]:
    """Root, interpreter, scripts, weights, imports and licence, each by itself."""
    from harness.contracts import Unavailable
    from methods.external.run.environment import environment_of, variable

    name, obtain = adapter.spec.id, adapter.obtain
    accept = f"Read it at {adapter.home}, then set {variable(name, 'LICENCE')}=accepted."
    try:
        found = environment_of(name, obtain)
    except Unavailable as error:
        return [
            Check("environment", "missing", error.reason, error.cure),
            Check("licence", "-", adapter.spec.licence, accept),
            *(Check(asset.path, "-", "no checkout to look in", asset.obtain)
              for asset in adapter.assets),
        ]  # fmt: skip
    checks = [
        Check("root", "ok", str(found.root)),
        interpreter_check(found, obtain),
    ]
    for script in adapter.scripts:
        there = (found.root / script).is_file()
        checks.append(
            Check(script, "ok", "there")
            if there
            else Check(script, "missing", f"not in {found.root}", obtain)
        )
    for asset in adapter.assets:
        there = asset.found(found.root)
        checks.append(
            Check(asset.path, "ok", "there")
            if there
            else Check(asset.path, "missing", f"not in {found.root}", asset.obtain)
        )
    if checks[1].state == "ok":
        checks += [import_check(found, module, obtain) for module in adapter.imports]
        checks += [start_check(found, script, obtain) for script in adapter.starts]
    licence = Check("licence", "ok", f"accepted: {adapter.spec.licence}")
    if not found.licence:
        licence = Check("licence", "missing", f"not accepted: {adapter.spec.licence}", accept)
    return [*checks, licence]


#: Seconds for one question to an interpreter; `conda run` and a first docker start are slow.
_PATIENCE = 120.0


def ask(found: Environment, *arguments: str) -> tuple[str, str]:
    """Run the interpreter; the last line that it prints, and what went wrong if anything."""
    import tempfile

    from harness.contracts import HarnessError
    from methods.external.run import process

    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            process.run(
                "the interpreter",
                found.launch(arguments),
                found.root,
                Path(folder) / "log",
                limit=_PATIENCE,
                on_line=lines.append,
                free_bytes=0,
            )
        except process.CommandFailed as error:
            return "", error.tail[-1] if error.tail else error.how
        except HarnessError as error:
            return "", str(error)
    return (lines[-1] if lines else ""), ""


def interpreter_check(found: Environment, obtain: str) -> Check:
    """Whether the interpreter starts, and which Python it is."""
    said, wrong = ask(found, "-c", "import sys; print(sys.version.split()[0])")
    if wrong:
        return Check("interpreter", "missing", f"{found.kind} {found.target}: {wrong}", obtain)
    return Check("interpreter", "ok", f"Python {said} ({found.kind} {found.target})")


def import_check(found: Environment, module: str, obtain: str) -> Check:
    """Whether the interpreter imports a module."""
    program = f"import {module} as m; print(getattr(m, '__version__', 'imports'))"
    said, wrong = ask(found, "-c", program)
    return (
        Check(f"import {module}", "missing", wrong, obtain)
        if wrong
        else Check(f"import {module}", "ok", said)
    )


def start_check(found: Environment, script: str, obtain: str) -> Check:
    """Whether a script starts: with `--help` it imports all that it needs, and ends."""
    if not (found.root / script).is_file():
        return Check(f"{script} --help", "-", "no such script")
    _, wrong = ask(found, script, "--help")
    if wrong:
        return Check(f"{script} --help", "missing", wrong, obtain)
    return Check(f"{script} --help", "ok", "starts")


def smoke_check(method: ExternalMethod, data: Path | None, device: str, complete: bool) -> Check:
    """Three frames, from a cut copy of a prepared folder."""
    adapter = method.adapter
    if adapter.smoke is None:
        return Check("smoke run", "-", "this method allows none of seconds")
    if not complete:
        return Check("smoke run", "-", "not run: mend the above first")
    if data is None:
        return Check("smoke run", "-", "not run", "Give --data, a prepared folder.")
    from harness.contracts import BadInput, HarnessError
    from methods.external.errors import BadOutput
    from methods.external.run.process import CommandFailed

    try:
        count, size = smoke_run(method, data, device)
    except BadInput as error:  # as often the data as the checkout: its own cure says which
        return Check("smoke run", "missing", f"{error.subject}: {error.fact}", error.cure)
    except (HarnessError, BadOutput, CommandFailed) as error:
        return Check("smoke run", "missing", str(error), adapter.obtain)
    return Check("smoke run", "ok", f"{count} frames of {size}")


def smoke_run(method: ExternalMethod, data: Path, device: str) -> tuple[int, str]:
    """Train as briefly as the method allows and render 3 frames; their number and size."""
    import tempfile

    from harness.contracts import FitContext, TrainingSet
    from harness.testing import request_of
    from methods import catalog
    from methods.external.run.smoke import cut_folder
    from splits import er_nerf

    spec = method.adapter.spec
    with tempfile.TemporaryDirectory(prefix="talking-face-bench-") as base:
        manifest = er_nerf.manifest_of(cut_folder(data, Path(base) / data.resolve().name))
        sequence = er_nerf.load(manifest, manifest.sequences[0])
        config = {**spec.presets[spec.default_preset], **(method.adapter.smoke or {})}
        method.fit(TrainingSet.of(sequence), Path(base) / "work", FitContext(config, device))
        method = catalog.build(spec.id)
        method.load(Path(base) / "work", device)
        frames = list(method.render(request_of(sequence, spec)))
    return len(frames), "x".join(map(str, frames[0].alpha.shape))


def prerecorded_checks(method: object) -> list[Check]:
    """The videos that an entry of the YAML file means, and what each of them is."""
    from harness.contracts import BadInput
    from harness.media.video import probe
    from methods.external.config import config_path
    from methods.external.prerecorded import files_of, template_of

    videos = method.videos
    files = files_of(videos)
    if not files:
        cure = f"Put the videos there, or correct {config_path()}."
        return [Check("videos", "missing", f"none at {template_of(videos)}", cure)]
    checks = [Check("licence", "ok", videos.licence)]
    for path in files:
        try:
            info = probe(path)
        except BadInput as error:
            checks.append(Check(path.name, "missing", error.fact, error.cure))
        else:
            fact = f"{info.count} frames, {info.fps:g} per second, {info.height}x{info.width}"
            checks.append(Check(path.name, "ok", fact))
    return checks
