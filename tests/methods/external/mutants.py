"""Break the handling of each trap, one at a time, and see its test fail: no part of CI.

`mutants.toml` lists, for every trap that an adapter handles, the text that handles it, a text
that does not, and the test that must notice. Each is tried in a copy of the repository. Run from
the repository's root, after a change of an adapter or of its tests (about a quarter of an hour)::

    python -m tests.methods.external.mutants [PART OF A TRAP'S NAME ...]

Ends with code 1 where a broken trap passed its test, or an entry fits the code no more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TESTS = "tests/methods/external"
_NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", ".pytest_cache", "*.egg-info")


def mutants(words: list[str]) -> list[dict[str, str]]:
    """Entries whose trap holds one of the words; all where there are none."""
    listed = tomllib.loads((HERE / "mutants.toml").read_text("utf-8"))["mutant"]
    return [m for m in listed if not words or any(word in m["trap"] for word in words)]


def verdict(copy: Path, tests: list[str]) -> str:
    """`passed`, `failed`, or what else became of the tests in the copy."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode in (0, 1):
        return ("passed", "failed")[done.returncode]
    return f"pytest ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"


def tried(copy: Path, mutant: dict[str, str]) -> str:
    """`killed`, or what went wrong, with one mutant in the copy."""
    path = copy / mutant["file"]
    text = path.read_text("utf-8")
    if text.count(mutant["old"]) != 1:
        return f"its text stands {text.count(mutant['old'])} times in {mutant['file']}"
    try:
        path.write_text(text.replace(mutant["old"], mutant["new"]), "utf-8")
        found = verdict(copy, [f"{TESTS}/{mutant['test']}"])
    finally:
        path.write_text(text, "utf-8")
    return {"failed": "killed", "passed": "SURVIVED"}.get(found, found)


def main() -> int:
    """Try them; print a line each."""
    chosen = mutants(sys.argv[1:])
    with tempfile.TemporaryDirectory() as base:
        copy = Path(base) / "copy"
        shutil.copytree(ROOT, copy, ignore=_NOT_COPIED)
        sound = verdict(copy, sorted({f"{TESTS}/{mutant['test']}" for mutant in chosen}))
        if sound != "passed":
            print(f"the tests fail without any mutant: {sound}")
            return 1
        left = 0
        for mutant in chosen:
            found = tried(copy, mutant)
            left += found != "killed"
            print(f"{found:9} {mutant['trap']}", flush=True)
    print(f"{len(chosen) - left} of {len(chosen)} killed")
    return int(left > 0)


if __name__ == "__main__":
    raise SystemExit(main())
