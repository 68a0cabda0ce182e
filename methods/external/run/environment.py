"""A checkout that can be run: how its commands are started, and what is missing for that.

Its location is in environment variables, `HARNESS_<METHOD>_ROOT`, `_PYTHON` (an interpreter's
path) and `_LICENCE=accepted`, or in the YAML file of `methods.external.config`; the variables
take precedence. Commands are lists of arguments throughout: no shell reads any of them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

from harness.contracts import Unavailable
from methods.external.config import Checkout, config_path, read_config

#: Variables for our interpreter that break another one.
_NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


@dataclass(frozen=True)
class Launch:
    """A command as it is started: arguments, environment, and the docker container's name."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    container: str | None = None


@dataclass(frozen=True)
class Environment:
    """A checkout that can be run."""

    method: str
    root: Path
    kind: str  # "python", "conda", "venv", "docker", "apptainer"
    target: str  # interpreter, environment or image
    licence: bool
    limits: Mapping[Literal["train", "render"], float | None] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def launch(
        self,
        arguments: Iterable[str],
        folders: Iterable[Path] = (),
        device: str = "cpu",
        folder: Path | None = None,
    ) -> Launch:
        """How `python ARGUMENTS` is started in this environment.

        Args:
            arguments: what follows the interpreter, for example `("train.py", "-s", "data")`.
            folders: folders that a container must see besides the checkout, at the same path.
            device: `cpu`, `cuda` or `cuda:N`; becomes CUDA_VISIBLE_DEVICES.
            folder: where a container starts it; None: in the checkout.

        """
        given = {"PYTHONUNBUFFERED": "1", **self.variables}
        if device.startswith("cuda:"):
            given["CUDA_VISIBLE_DEVICES"] = visible(device)
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        tail, container = ["python", *arguments], None
        folders = sorted({self.root, *folders})
        cuda = device.startswith("cuda")
        if self.kind in ("python", "venv"):
            python = Path(self.target)
            python = python / "bin" / "python" if self.kind == "venv" else python
            # Their scripts call `python`, `ffmpeg` and others by name.
            given["PATH"] = f"{python.parent}{os.pathsep}{inherited.get('PATH', '')}"
            head, tail = [str(python)], tail[1:]
        elif self.kind == "conda":
            place = "-p" if os.sep in self.target else "-n"
            head = ["conda", "run", place, self.target, "--no-capture-output"]
        elif self.kind == "docker":
            container = f"talking-face-bench-{self.method}-{uuid4().hex[:12]}"
            head = ["docker", "run", "--rm", "--init", "--name", container]
            head += ["--user", f"{os.getuid()}:{os.getgid()}", *(["--gpus", "all"] if cuda else [])]
            head += [part for path in folders for part in ("-v", f"{path}:{path}")]
            head += [part for k, v in given.items() for part in ("-e", f"{k}={v}")]
            head += ["-w", str(folder or self.root), self.target]
        else:
            head = ["apptainer", "exec", *(["--nv"] if cuda else [])]
            head += ["--pwd", str(folder or self.root)]
            head += [part for path in folders for part in ("--bind", f"{path}:{path}")]
            head += [self.target]
        return Launch((*head, *tail), {**inherited, **given}, container)

    def missing(self) -> str | None:
        """Why the interpreter cannot be started; None if it can be.

        Conda environments and images can only be tested by running them, which `verify` does.
        """
        if self.kind in ("python", "venv"):
            python = Path(self.target) / "bin" / "python" if self.kind == "venv" else self.target
            fine = os.access(python, os.X_OK) and Path(python).is_file()
            return None if fine else f"no interpreter at {python}"
        if self.kind == "apptainer" and not Path(self.target).exists():
            return f"no image at {self.target}"
        return None if shutil.which(self.kind) else f"the program {self.kind} is not on the PATH"


def visible(device: str) -> str:
    """The CUDA_VISIBLE_DEVICES for `cuda:N`, the N-th device that this process sees.

    A list set by a scheduler is kept for `cuda`, and indexed by N for `cuda:N`, as in torch.
    """
    seen = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    number = device.partition(":")[2]
    if not number:
        return ",".join(seen) or "0"
    return seen[int(number)] if int(number) < len(seen) else number


def variable(method: str, what: str) -> str:
    """The name of an environment variable: `HARNESS_UA3DTALK_OFFICIAL_ROOT`."""
    return f"HARNESS_{re.sub(r'[^A-Z0-9]', '_', method.upper())}_{what}"


def environment_of(method: str, obtain: str) -> Environment:
    """The environment of a method.

    Args:
        method: its id.
        obtain: how to get it, for the error.

    Raises:
        Unavailable: the place of the checkout or its interpreter is not set, or they are missing.
        BadInput: the configuration cannot be read.

    """
    checkout = read_config().methods.get(method, Checkout())
    root = os.environ.get(variable(method, "ROOT")) or checkout.root
    python = os.environ.get(variable(method, "PYTHON"))
    accepted = os.environ.get(variable(method, "LICENCE"), checkout.licence) == "accepted"
    names = f"{variable(method, 'ROOT')} and {variable(method, 'PYTHON')}"
    cure = f"Set {names}, or edit {config_path()}. To get it: {obtain}"
    if not root:
        raise Unavailable(f"method {method}", "its checkout is not configured", cure)
    root = Path(root).expanduser().resolve()
    if not root.is_dir():
        raise Unavailable(f"method {method}", f"there is no folder {root}", cure)
    if python or checkout.python:
        # A link to an interpreter is not resolved: its own place tells which venv it belongs to.
        kind, target = "python", str(Path(python or checkout.python or "").expanduser().absolute())
    elif checkout.prefix:
        ((kind, value),) = checkout.prefix.model_dump(exclude_none=True).items()
        target = str(value.expanduser().absolute() if isinstance(value, Path) else value)
    else:
        raise Unavailable(f"method {method}", "its interpreter is not configured", cure)
    found = Environment(method, root, kind, target, accepted, checkout.limits, checkout.variables)
    if reason := found.missing():
        raise Unavailable(f"method {method}", reason, cure)
    return found
