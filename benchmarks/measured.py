"""`docs/measured.json`: values measured by the benchmarks, which `docs/build.py` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "docs" / "measured.json"


def read(path: Path = PATH) -> dict[str, Any]:
    """The whole file; empty without one."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def merge(part: dict[str, Any], path: Path = PATH) -> None:
    """Replace the parts that one benchmark measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(read(path) | part, indent=1, ensure_ascii=False)  # rows keep their order
    path.write_text(text + "\n", "utf-8")


def rounded(value: float, digits: int = 4) -> float:
    """A number with so many significant digits; further ones are noise."""
    return float(f"{value:.{digits}g}")
