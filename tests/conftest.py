"""Deselects what this machine cannot run: only tests with a marker of pyproject.toml.

Also runs the command line for the tests of it.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.__main__ import main
from harness.contracts import BadInput, Unavailable
from harness.weights import resolve

if find_spec("hypothesis"):  # absent where the reference packages are
    from hypothesis import HealthCheck, settings

    # A busy machine is no fault of the code: no test measures time.
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")

# `nohup` and background jobs of a shell ignore these, and so would the children of tests.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) == signal.SIG_IGN:
        with suppress(ValueError):  # not in the main thread
            signal.signal(number, handler)

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "assets"
#: Names a checkout of https://github.com/Mrask999/UA-3DTalk.
RELEASED = "HARNESS_UA3DTALK_OFFICIAL_ROOT"
if SHARED.is_dir():
    os.environ.setdefault("HARNESS_WEIGHTS", str(SHARED / "weights"))


def lacks_weights(item: pytest.Item) -> bool:
    """Whether a file that `@pytest.mark.weights("id", ...)` names is absent from this machine.

    A file that is there but damaged is not absent: the test runs, and fails.
    """
    for marker in item.iter_markers("weights"):
        if not marker.args:
            raise pytest.UsageError(f"{item.nodeid}: the marker weights names no weights id")
        for weight_id in marker.args:
            try:
                resolve(weight_id)
            except Unavailable:
                return True
            except BadInput:
                continue
    return False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = set()
    if not SHARED.is_dir():
        absent.add("shared")
    if find_spec("torchvision") is None:
        absent.add("reference")
    if find_spec("transformers") is None:
        absent.add("speech")
    if not (Path(os.environ.get(RELEASED, "-")) / "scene" / "deformation.py").is_file():
        absent.add("official")
    if any("gpu" in item.keywords for item in items):
        import torch

        if not torch.cuda.is_available():
            absent.add("gpu")
    if any("browser" in item.keywords for item in items):
        from benchmarks.page_drift import chromium

        if chromium() is None or find_spec("playwright") is None:
            absent.add("browser")
    dropped = [
        item
        for item in items
        if any(item.get_closest_marker(name) for name in absent) or lacks_weights(item)
    ]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command line in this process: words -> (exit code, stdout, stderr)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code or 0
        return code, *capsys.readouterr()

    return run
