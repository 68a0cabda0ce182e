"""Provenance of numbers: code, packages, machine. Nothing here imports torch."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import __version__
from harness.weights import ROOT

PACKAGES = ("torch", "numpy", "scipy", "av", "mediapipe", "gsplat", "pandas")


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
    """The name of the processor."""
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


def made_with(device: str) -> dict[str, str]:
    """What computed a cell, as far as it can change a number: stored with the cell."""
    return {
        "python": platform.python_version(),
        **package_versions(),
        "threads": str(threads()),
        "device": device,
        "cpu": cpu_name(),
    }


def threads() -> int:
    """Threads of torch if it is imported, else those that OpenMP would use."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


def provenance(device: str) -> dict[str, Any]:
    """Everything a result states about its origin."""
    return {
        "harness": __version__,
        "git": git_state(),
        "python": platform.python_version(),
        "packages": package_versions(),
        "hardware": hardware(device),
    }
