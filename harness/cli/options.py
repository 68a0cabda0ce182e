"""Options that several commands share, and how their values are parsed."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.contracts import BadInput
from harness.files import limits

#: Seeds go to NumPy's legacy generator too, which takes 32 bits.
Seeds = Annotated[
    list[int] | None,
    typer.Option(
        min=0,
        max=2**32 - 1,
        help="Seed; may be repeated. Default: 0, or for `ablate` the seeds of the grid.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(help="Preset of the method, such as quick or paper (see `list presets`)."),
]
Device = Annotated[str, typer.Option(help="Device: auto, cpu, cuda or cuda:N.")]
Metrics = Annotated[
    str | None,
    typer.Option(help="Metric ids (see `list metrics`), comma-separated; default: all that apply."),
]

Sequences = Annotated[
    str | None, typer.Option(help="Test sequences of the split, comma-separated; default: all.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Override an option of the preset, in all rows: KEY=VALUE (YAML value); may be "
        "repeated.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="A trial on the first N frames of each test sequence, with 10 N frames of each "
        "training part; its table is kept apart from full ones.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show what would be done and how long it took before; write nothing."
    ),
]
OutFile = Annotated[Path | None, typer.Option(help="File to write; default: standard output.")]

KeepFailed = Annotated[
    bool,
    typer.Option(
        "--keep-failed/--retry-failed",
        help="Keep failures of earlier runs, or retry that work (the default).",
    ),
]
FreshTable = Annotated[
    bool,
    typer.Option(
        "--fresh-table",
        help="Start a new leaderboard instead of adding rows to the one in the folder.",
    ),
]


def _raise_limits(value: bool) -> bool:
    if value:
        limits.allow_large()
    return value


AllowLarge = Annotated[
    bool,
    typer.Option(
        "--allow-large",
        callback=_raise_limits,
        help=f"Read files {limits.LARGE} times as large as usual; small damaged or hostile files "
        "may then fill the memory.",
    ),
]


def resolve_device(name: str) -> str:
    """`auto` becomes a CUDA device if there is one.

    Raises:
        BadInput: a device was named that this machine does not have.
    """
    if name == "cpu":
        return name
    if name != "auto" and not re.fullmatch(r"cuda(:\d+)?", name):
        raise BadInput("--device", f"{name!r} is not a device", "Use auto, cpu, cuda or cuda:N.")
    if name == "auto" and not Path("/dev/nvidiactl").exists():
        return "cpu"  # no driver: spares the seconds that importing torch takes
    import torch

    index = int(name.partition(":")[2] or 0)
    if torch.cuda.is_available() and index < torch.cuda.device_count():
        return "cuda" if name == "auto" else name
    if name == "auto":
        return "cpu"
    raise BadInput("--device", f"{name!r} is not available", "Use --device cpu, or run `doctor`.")


def parse_names(option: str, text: str | None, example: str) -> tuple[str, ...] | None:
    """Names between commas, each once; None, which means all, if the option is absent.

    Raises:
        BadInput: a name is empty.
    """
    if text is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if "" in names:
        cure = f"Write {option} {example}, or leave it out for all."
        raise BadInput(option, f"{text!r} contains an empty name", cure)
    return names


def parse_metrics(text: str | None) -> tuple[str, ...] | None:
    """Ids of `--metrics`; None, the default set, if none are named."""
    return parse_names("--metrics", text, "psnr,ssim")


def listed(text: str | None) -> list[str]:
    """Names between commas, without the empty ones."""
    return [name for part in (text or "").split(",") if (name := part.strip())]


def parse_overrides(pairs: list[str] | None) -> dict[str, Any]:
    """`KEY=VALUE` options, values read as YAML scalars or lists."""
    import yaml

    overrides = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise BadInput("--set", f"{pair!r} is not KEY=VALUE", "Write --set iterations=500.")
        try:
            overrides[key] = number_of(yaml.safe_load(value))
        except (yaml.YAMLError, ValueError) as error:
            raise BadInput(
                "--set", f"{value!r} is not YAML ({error})", "Quote the value."
            ) from error
        if isinstance(overrides[key], float) and not math.isfinite(overrides[key]):
            raise BadInput(f"--set {key}", f"{value} is not a finite number", "Give a number.")
    return overrides


def number_of(value: Any) -> Any:
    """The number that is meant by a value of YAML 1.1, which reads 5e-4 as text."""
    if isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+[eE][-+]?\d+", value):
        return float(value)
    return value
