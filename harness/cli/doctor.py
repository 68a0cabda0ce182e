"""`doctor`: what this machine has, what each missing thing disables, and what mends it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

#: Extra -> (package to look for, what it gives).
EXTRAS = {
    "gpu": ("gsplat", "splatting on CUDA"),
    "video": ("mediapipe", "`prepare`, and landmark metrics on photographs"),
    "emotion": ("onnx", "emotion metrics by hsemotion, identity by ArcFace"),
    "dlib": ("dlib", "M-LMD and F-LMD by dlib's landmarks"),
    "speech": ("transformers", "wav2vec2 in the emotion network"),
    "ray": ("ray", "the ray executor"),
    "slurm": ("submitit", "the SLURM executor"),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report; `cure` is empty where nothing is wrong."""

    what: str
    state: str
    disables: str = ""
    cure: str = ""


def doctor() -> None:
    """Show what is missing on this machine, and its cure."""
    from rich.console import Console

    from harness.cli.listing import new_table

    table = new_table("Doctor", "what", "state", "disables", "mend it with")
    for finding in (*core(), *native(), *extras(), torchvision(), *weights(), *plugins()):
        table.add_row(finding.what, finding.state, finding.disables, finding.cure)
    Console().print(table)


def core() -> list[Finding]:
    """Python, torch and its devices."""
    import platform

    import torch

    cuda = torch.cuda.is_available()
    return [
        Finding("python", platform.python_version()),
        Finding("torch", torch.__version__),
        Finding(
            "cuda",
            torch.cuda.get_device_name(0) if cuda else "none",
            "" if cuda else "preset `paper` in useful time",
            "" if cuda else "a machine with an NVIDIA GPU and a CUDA build of torch",
        ),
    ]


def native() -> list[Finding]:
    """The splatting kernel for the CPU."""
    from methods.gaussians.native import library

    loaded = library.load()
    if loaded is not None:
        return [Finding("native kernel", "built")]
    return [
        Finding(
            "native kernel",
            "missing",
            "fast CPU rendering (the torch reference is some 200 times slower)",
            "install g++ (Debian: apt-get install g++), then pip install --force-reinstall .",
        )
    ]


def extras() -> list[Finding]:
    """Optional packages."""
    from importlib.metadata import version
    from importlib.util import find_spec

    findings = []
    for extra, (package, gives) in EXTRAS.items():
        if find_spec(package) is not None:
            findings.append(Finding(f"extra {extra}", f"{package} {version(package)}"))
        else:
            cure = f'pip install "talking-face-bench[{extra}]"'
            findings.append(Finding(f"extra {extra}", f"no {package}", gives, cure))
    return findings


def torchvision() -> Finding:
    """A torchvision built for CUDA beside a CPU torch breaks every package that imports it."""
    from importlib.util import find_spec

    if find_spec("torchvision") is None:
        return Finding("torchvision", "absent, as it should be")
    probe = [sys.executable, "-c", "import torchvision"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        return Finding("torchvision", "imports")
    reason = (done.stderr.strip().splitlines() or ["it fails"])[-1]
    return Finding(
        "torchvision",
        f"broken: {reason}",
        "torchmetrics, and so SSIM and others",
        "pip uninstall torchvision, or install the build that matches your torch",
    )


def weights() -> list[Finding]:
    """Weights that are not here, and the metrics that wait for them."""
    from harness.contracts import HarnessError
    from harness.weights import registry, resolve

    findings = []
    for entry in registry().values():
        try:
            resolve(entry.id)
        except HarnessError as error:
            cure = getattr(error, "cure", "")
            findings.append(Finding(f"weights {entry.id}", "missing", entry.needed_by, cure))
    return findings


def plugins() -> list[Finding]:
    """Plug-ins of other packages that could not be loaded."""
    from harness.cli.listing import plugin_problems

    cure = "mend or uninstall its package"
    return [Finding(p.origin, p.reason, "this plug-in", cure) for p in plugin_problems()]
