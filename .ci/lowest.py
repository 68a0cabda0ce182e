"""Prints `name==bound` for every lower bound in pyproject.toml: the core and the extra `test`.

Torch is left at the version of constraints.txt: an older CPU build of it is not published on the
index that continuous integration reaches, so its lower bound is stated and not tested.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pins(pyproject: str, constraints: str) -> list[str]:
    """Requirement lines."""
    project = tomllib.loads(pyproject)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    torch = re.search(r"^torch==\S+", constraints, re.MULTILINE)
    assert torch, "constraints.txt pins torch"
    found = [torch[0]]
    for requirement in wanted:
        name, bound = re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement).groups()
        if name not in ("torch", "setuptools"):  # torch asks for a setuptools of its own
            found.append(f"{name}=={bound}")
    return found


if __name__ == "__main__":
    texts = ((ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "constraints.txt"))
    print("\n".join(pins(*texts)))
