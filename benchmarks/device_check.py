"""Everything that needs a CUDA device, part by part, each with a time limit of its own.

    python -m benchmarks.device_check --out docs/measured/HARDWARE.json
    python -m benchmarks.device_check --device cpu --small --out check.json   # as CI runs it

A part runs in a process of its own: one that fails or does not end is recorded with its error,
and the next one still runs. `benchmarks/device_check.sh` prepares a machine without network.
The exit code is 0 where every part passed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCHEMA_VERSION = 1
#: Seconds that are kept free to write what was measured.
RESERVE = 5.0


@dataclass(frozen=True)
class Part:
    """One measurement: a function of `device_parts`, and the seconds that it may take."""

    name: str
    limit: float
    needs_cuda: bool = False


PARTS = (
    Part("gsplat_build", 240, needs_cuda=True),
    Part("gpu_tests", 120, needs_cuda=True),
    Part("rasterizers", 90),
    Part("fps_2k", 120),
    Part("fps_30k", 120),
    Part("paper_fit", 220),
)


def run_part(part: Part, device: str, small: bool, limit: float) -> dict[str, Any]:
    """Run a part in a process of its own.

    Args:
        part: which.
        device: `cuda` or `cpu`.
        small: sizes for a test of this script itself.
        limit: seconds after which the process is ended.

    Returns:
        `state` (`ok`, `failed`, `timeout`), `seconds`, and `values` or `error`.

    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "values.json"
        words = [sys.executable, "-m", "benchmarks.device_parts", part.name, device, str(result)]
        state, error = "ok", ""
        try:
            done = subprocess.run(
                [*words, *(["--small"] if small else [])],
                cwd=ROOT,
                timeout=limit,
                capture_output=True,
                text=True,
                errors="replace",
            )
            if done.returncode:
                state, error = "failed", last_lines(done.stderr or done.stdout)
        except subprocess.TimeoutExpired as late:
            written = late.stderr or b""
            text = written if isinstance(written, str) else written.decode("utf-8", "replace")
            state, error = "timeout", f"ended after {limit:.0f} s\n{last_lines(text)}".strip()
        values = json.loads(result.read_text("utf-8")) if result.is_file() else {}
    record: dict[str, Any] = {"state": state, "seconds": round(time.monotonic() - start, 1)}
    if error:
        record["error"] = error
    return record | ({"values": values} if values else {})


def last_lines(text: str, count: int = 12) -> str:
    """The end of what a process wrote, which names the error, without this machine's paths."""
    for folder in (str(ROOT), tempfile.gettempdir(), sys.prefix):
        text = text.replace(f"{folder}/", "")
    return "\n".join(text.strip().splitlines()[-count:])


def measure(
    parts: Sequence[Part], device: str, small: bool, budget: float
) -> dict[str, dict[str, Any]]:
    """Run the parts in order while time is left.

    Args:
        parts: what to run.
        device: `cuda` or `cpu`; parts that need CUDA are recorded as `skipped` on a CPU.
        small: sizes for a test.
        budget: seconds for all parts together.

    Returns:
        The record of each part by its name.

    """
    end, found = time.monotonic() + budget - RESERVE, {}
    for part in parts:
        left = end - time.monotonic()
        if part.needs_cuda and device == "cpu":
            found[part.name] = {"state": "skipped", "error": "it needs a CUDA device"}
        elif left <= 0:
            found[part.name] = {"state": "skipped", "error": f"the {budget:g} s were used up"}
        else:
            # A test of this script may share its machine with others: it has the whole budget.
            found[part.name] = run_part(
                part, device, small, left if small else min(part.limit, left)
            )
        print(f"{part.name}: {found[part.name]['state']}", file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Measure, write one JSON file and print a line for each part."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device_check", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "measured" / "HARDWARE.json")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="tiny sizes: a test of this script")
    parser.add_argument("--budget", type=float, default=470, help="seconds for all parts")
    names = [part.name for part in PARTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="PART")
    options = parser.parse_args()

    found = measure(
        [part for part in PARTS if part.name in options.only],
        options.device,
        options.small,
        options.budget,
    )
    from harness.engine.provenance import provenance

    try:
        origin = provenance(options.device)
    except (RuntimeError, AssertionError) as error:  # torch finds no CUDA device
        origin = {**provenance("cpu"), "error": f"{options.device}: {error}"}
    report = {
        "schema_version": SCHEMA_VERSION,
        "about": "benchmarks/device_check.py",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": options.device,
        "small": options.small,
        "provenance": origin,
        "parts": found,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    for name, part in found.items():
        print(f"{part['state']:8} {name} {part.get('seconds', '')}")
        if part["state"] in ("failed", "timeout"):
            print("    " + part["error"].replace("\n", "\n    "))
    passed = all(part["state"] in ("ok", "skipped") for part in found.values())
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
