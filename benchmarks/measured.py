"""`docs/measured.json`: what the benchmarks measured, for the page that `docs/build.py` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "docs" / "measured.json"


def read(path: Path = PATH) -> dict[str, Any]:
    """All that is there; empty without a file."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def merge(part: dict[str, Any], path: Path = PATH) -> None:
    """Put the parts that one benchmark measured in place of its last ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(read(path) | part, indent=1, ensure_ascii=False)  # rows keep their order
    path.write_text(text + "\n", "utf-8")


def rounded(value: float, digits: int = 4) -> float:
    """A number with so many significant digits: what is kept, since later ones are noise."""
    return float(f"{value:.{digits}g}")
