"""`doctor`: what this machine has, what each missing thing disables, and how to fix it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from harness.cli.shared.blocks import AsJson, FactBlock, commands_in, print_document, show
from harness.contracts import HarnessError, Unavailable
from harness.weights import cache_dir, registry, resolve

#: Extra -> (module to look for, what it gives).
EXTRAS = {
    "gpu": ("gsplat", "splatting on CUDA"),
    "video": ("mediapipe", "`prepare`, and landmark metrics on real videos"),
    "emotion": ("onnx", "emotion metrics with hsemotion, identity with ArcFace"),
    "dlib": ("dlib", "M-LMD and F-LMD with dlib's landmarks"),
    "speech": ("transformers", "wav2vec2 in UA-3DTalk's emotion network"),
}


@dataclass(frozen=True)
class Diagnosis:
    """One entry of the report; without `disables` nothing is wrong.

    fix: in words; commands: what to type for it.
    """

    what: str
    state: str
    disables: str = ""
    fix: str = ""
    commands: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.disables

    @property
    def block(self) -> FactBlock:
        """As people read it."""
        fix = self.fix or ("run" if self.commands else "")
        facts = (("disables", self.disables), ("fix", fix + ":" * bool(self.commands)))
        return FactBlock(f"{self.what} · {self.state}", facts, self.commands)


def doctor(as_json: AsJson = False) -> None:
    """Show what is missing on this machine, and how to fix it."""
    if as_json:
        print_document(checks=[{**asdict(one), "ok": one.ok} for one in findings()])
        return
    show(finding.block for finding in findings())


def findings() -> Iterator[Diagnosis]:
    """All checks, in order."""
    yield from core()
    yield from own_names()
    yield native()
    yield from extras()
    yield torchvision()
    yield from home()
    yield from weights()
    yield from plugins()


def core() -> list[Diagnosis]:
    """Python, torch and its devices."""
    import torch

    cuda = torch.cuda.is_available()
    return [
        Diagnosis("python", platform.python_version()),
        Diagnosis("torch", torch.__version__),
        Diagnosis(
            "cuda",
            torch.cuda.get_device_name(0) if cuda else "none",
            "" if cuda else "preset `paper` in a reasonable time",
            "" if cuda else "a machine with an NVIDIA GPU and a CUDA build of torch",
        ),
    ]


def own_names() -> list[Diagnosis]:
    """Files of the current folder that have names of ours."""
    from harness.__main__ import PACKAGES, ROOT

    here = Path.cwd()
    if here == ROOT:
        return []
    taken = [
        path.name
        for name in PACKAGES
        for path in (here / f"{name}.py", here / name)
        if path.is_file() or (path / "__init__.py").is_file()
    ]
    found = []
    if others := [name for name in taken if Path(name).stem != "harness"]:
        found.append(Diagnosis("this folder", f"has {', '.join(others)}, which is not used"))
    if len(others) < len(taken):
        found.append(
            Diagnosis(
                "this folder",
                "has a `harness` of its own",
                "`python -m harness` in this folder, which runs that one instead",
                "use the installed command",
                ("talking-face-bench --help",),
            )
        )
    return found


def native() -> Diagnosis:
    """The splatting kernel for the CPU."""
    from methods.gaussians.native import library

    try:
        if library.load() is not None:
            return Diagnosis("native kernel", "built")
        cure = "install g++ (on Debian as below), then this package again in its checkout"
        commands: tuple[str, ...] = ("apt-get install g++", "pip install --force-reinstall .")
    except HarnessError as error:
        cure, commands = str(error), commands_in(str(error))
    return Diagnosis(
        "native kernel",
        "missing",
        "fast CPU rendering (the torch implementation is about 200 times slower)",
        cure,
        commands,
    )


def extras() -> list[Diagnosis]:
    """Optional packages."""
    owners, found = packages_distributions(), []
    for extra, (module, gives) in EXTRAS.items():
        if find_spec(module) is None:
            command = f'pip install -e ".[{extra}]"'
            found.append(
                Diagnosis(f"extra {extra}", f"no {module}", gives, "in the checkout", (command,))
            )
            continue
        # A module is often of a distribution with another name, and some state none: dlib-bin.
        owner = owners.get(module, [""])[0]
        state = f"{owner} {version(owner)}" if owner else f"{module} present"
        found.append(Diagnosis(f"extra {extra}", state))
    return found


def torchvision() -> Diagnosis:
    """A torchvision built for CUDA beside a CPU torch breaks every package that imports it."""
    if find_spec("torchvision") is None:
        return Diagnosis("torchvision", "absent (recommended)")
    probe = [sys.executable, "-P", "-c", "import torchvision"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        return Diagnosis("torchvision", "imports")
    reason = (done.stderr.strip().splitlines() or ["it fails"])[-1]
    return Diagnosis(
        "torchvision",
        f"broken: {reason}",
        "packages that import it, such as lpips and timm",
        "remove it, or install the build that matches your torch",
        ("pip uninstall torchvision",),
    )


def home() -> list[Diagnosis]:
    """Whether anything can be kept between runs."""
    try:
        return [Diagnosis("cache", os.fspath(cache_dir()))]
    except Unavailable as error:
        return [Diagnosis("cache", error.reason, "every run that stores files", error.cure)]


def weights() -> list[Diagnosis]:
    """Weights that are not here, and the metrics that need them."""
    from metrics.catalog import users_of

    found = []
    for entry in registry().values():
        try:
            resolve(entry.id)
        except HarnessError as error:
            cure = getattr(error, "cure", "")
            commands: tuple[str, ...] = ()
            if entry.url and isinstance(error, Unavailable):
                cure, commands = "", (f"python -m harness weights fetch {entry.id}",)
            users = ", ".join(users_of(entry))
            found.append(Diagnosis(f"weights {entry.id}", "missing", users, cure, commands))
    return found


def plugins() -> list[Diagnosis]:
    """Plug-ins of other packages that could not be loaded."""
    from harness.cli.listing import plugin_problems

    cure = "fix or uninstall its package"
    return [Diagnosis(p.origin, p.reason, "this plug-in", cure) for p in plugin_problems()]
