"""`verify`: what the installation of an external method lacks, and how to get it."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AllowLarge, Device, resolve_device
from harness.cli.shared.blocks import AsJson, FactBlock, commands_in, print_document, show
from harness.contracts import BadInput, FitContext, HarnessError, TrainingSet, Unavailable

if TYPE_CHECKING:
    from methods.external.base import ExternalMethod
    from methods.external.prerecorded import Prerecorded
    from methods.external.run.checkout import Adapter
    from methods.external.run.environment import Environment


@dataclass(frozen=True)
class Check:
    """A line of the report: `state` is `ok`, `missing`, `failed`, `skipped` or `note`."""

    what: str
    state: str
    fact: str
    fix: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """What to type for the fix, as far as its sentences name it."""
        return commands_in(self.fix)

    @property
    def block(self) -> FactBlock:
        """As people read it."""
        head = f"{self.state:<8} {self.what}: {self.fact}"
        return FactBlock(head, (("fix", self.fix),), self.commands)

    @classmethod
    def file(cls, path: str, there: bool, root: Path, obtain: str) -> Check:
        """Whether a file of a checkout is there."""
        return cls(path, "ok", "found") if there else cls(path, "missing", f"not in {root}", obtain)


def verify(
    method: Annotated[str, typer.Argument(help="Method id (see `list methods`).")],
    data: Annotated[
        Path | None,
        typer.Option(help="Prepared folder: train on it briefly and render 3 frames."),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
    allow_large: AllowLarge = False,
) -> None:
    """Check an external method's installation.

    Folder, interpreter, scripts, weights and licence are checked; the exit code is 2 if any is
    missing. With --data, 3 frames of the test part are rendered after the shortest training that
    the method allows.
    """
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
            checks.append(Check(method, "note", built.adapter.note))
    else:
        cure = "It needs no separate installation; `doctor` shows what this machine lacks."
        raise BadInput(f"method {method}", "it is not an external method", cure)
    complete = all(check.state not in ("missing", "failed") for check in checks)
    if as_json:
        found = [{**asdict(check), "commands": check.commands} for check in checks]
        print_document(method=method, complete=complete, checks=found)
    else:
        show(check.block for check in checks)
    if not complete:
        raise typer.Exit(2)


def static_checks(adapter: Adapter) -> list[Check]:
    """Folder, interpreter, scripts, weights, imports and licence, one check each."""
    from methods.external.run.environment import environment_of, variable

    method, obtain = adapter.spec.id, adapter.obtain
    accept = f"Read it at {adapter.home}, then set {variable(method, 'LICENCE')}=accepted."
    try:
        found = environment_of(method, obtain)
    except Unavailable as error:
        return [
            Check("environment", "missing", error.reason, error.cure),
            Check("licence", "skipped", adapter.spec.licence, accept),
            *(Check(asset.path, "skipped", "no checkout", asset.obtain)
              for asset in adapter.assets),
        ]  # fmt: skip
    root = found.root
    version = ("-c", "import sys; print('Python', sys.version.split()[0])")
    checks = [
        Check("root", "ok", str(root)),
        started(f"interpreter ({found.kind} {found.target})", found, version, obtain),
        *(Check.file(name, (root / name).is_file(), root, obtain) for name in adapter.scripts),
        *(Check.file(a.path, a.found(root), root, a.obtain) for a in adapter.assets),
    ]
    if checks[1].state == "ok":
        for module in adapter.imports:
            program = f"import {module} as m; print(getattr(m, '__version__', 'imports'))"
            checks.append(started(f"import {module}", found, ("-c", program), obtain))
        scripts = [name for name in adapter.starts if (root / name).is_file()]
        # With `--help` they import all that they need, and end.
        checks += [started(f"{s} --help", found, (s, "--help"), obtain) for s in scripts]
    if found.licence:
        return [*checks, Check("licence", "ok", f"accepted: {adapter.spec.licence}")]
    return [*checks, Check("licence", "missing", f"not accepted: {adapter.spec.licence}", accept)]


#: Seconds for one run of an interpreter; `conda run` and a first docker start are slow.
_PATIENCE = 120.0


def started(what: str, found: Environment, arguments: tuple[str, ...], obtain: str) -> Check:
    """Whether the interpreter runs with the arguments, and the last line that it prints."""
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
            return Check(what, "missing", error.tail[-1] if error.tail else error.how, obtain)
        except HarnessError as error:
            return Check(what, "missing", str(error), obtain)
    return Check(what, "ok", lines[-1] if lines else "starts")


def smoke_check(method: ExternalMethod, data: Path | None, device: str, complete: bool) -> Check:
    """Whether three frames can be rendered, from a shortened copy of a prepared folder."""
    adapter = method.adapter
    if adapter.smoke is None:
        return Check("smoke run", "skipped", "this method has no short training")
    if not complete:
        return Check("smoke run", "skipped", "something above is missing")
    if data is None:
        return Check("smoke run", "skipped", "no data", "Give --data, a prepared folder.")
    from methods.external.errors import BadOutput
    from methods.external.run.process import CommandFailed

    try:
        count, size = smoke_run(method, data, device)
    except BadInput as error:  # the data or the checkout: its own cure says which
        return Check("smoke run", "failed", f"{error.subject}: {error.fact}", error.cure)
    except (HarnessError, BadOutput, CommandFailed) as error:
        return Check("smoke run", "failed", str(error), adapter.obtain)
    return Check("smoke run", "ok", f"{count} frames of {size}")


def smoke_run(method: ExternalMethod, data: Path, device: str) -> tuple[int, str]:
    """Train as briefly as the method allows and render 3 frames; returns number and size."""
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
        fitted = catalog.build(spec.id)
        fitted.load(Path(base) / "work", device)
        frames = list(fitted.render(request_of(sequence, spec)))
    return len(frames), "x".join(map(str, frames[0].alpha.shape))


def prerecorded_checks(method: Prerecorded) -> list[Check]:
    """The videos of an entry of the YAML file, with length, rate and size of each."""
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
