"""Where numbers come from: code, packages, machine. Nothing here imports torch."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import __version__
from harness.weights import ROOT

#: Source files that decide what a package computes.
SOURCE_SUFFIXES = {".py", ".cpp", ".h", ".cu"}

PACKAGES = ("torch", "numpy", "scipy", "torchmetrics", "av", "mediapipe", "gsplat", "pandas")


@cache
def source_digest(*modules: str) -> str:
    """Hash of the source of modules or whole packages, found without importing them.

    Test data and caches do not count; a comment does: equal digests mean equal code.
    """
    digest = hashlib.sha256()
    for module in sorted(set(modules)):
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"no source for module {module!r}")
        origin = Path(spec.origin)
        files = [origin]
        if spec.submodule_search_locations:
            files = sorted(
                path
                for folder in spec.submodule_search_locations
                for path in Path(folder).rglob("*")
                if path.suffix in SOURCE_SUFFIXES and "__pycache__" not in path.parts
            )
        for path in files:
            digest.update(f"{module}:{path.name}:".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def git_state() -> dict[str, Any]:
    """Commit and dirty flag of the checkout; empty for an installed package."""

    def git(*args: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *args], capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != ROOT:
            return {}
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return {}


def package_versions() -> dict[str, str]:
    """Versions of the packages that can change a number."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def cpu_name() -> str:
    """The processor's own name."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def hardware(device: str) -> dict[str, Any]:
    """What the numbers were computed on. Asks CUDA only when the device is a GPU."""
    facts: dict[str, Any] = {
        "device": device,
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "platform": platform.platform(),
    }
    if device.startswith("cuda"):
        import torch

        facts["gpu"] = torch.cuda.get_device_name(device)
        facts["cuda"] = torch.version.cuda
    return facts


def provenance(device: str) -> dict[str, Any]:
    """Everything a result states about its origin."""
    return {
        "harness": __version__,
        "git": git_state(),
        "python": platform.python_version(),
        "packages": package_versions(),
        "hardware": hardware(device),
    }
