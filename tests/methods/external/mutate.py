"""Break the handling of each trap, one at a time, and see its test fail: no part of CI.

`mutants/*.toml` list, for every trap that an adapter handles, the text that handles it, a text
that does not, and the test that must notice. Each is tried in a copy of the repository. Run from
the repository's root, after a change of an adapter or of its tests (some minutes)::

    python tests/methods/external/mutate.py [PART OF A TRAP'S NAME ...]

Ends with code 1 where a broken trap passed its test, or an entry fits the code no more.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT, TESTS = HERE.parents[2], "tests/methods/external"
_NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", ".pytest_cache", "*.egg-info")
#: What takes long to import, none of it ours: imported once, before each trial forks.
_HEAVY = ("torch", "av", "scipy.io.wavfile", "scipy.spatial.transform", "PIL.Image", "yaml",
          "pydantic", "typer", "rich.console", "pytest")  # fmt: skip


def mutants(words: list[str]) -> list[dict[str, str]]:
    """Entries whose trap holds one of the words; all where there are none."""
    files = sorted((HERE / "mutants").glob("*.toml"))
    listed = [m for path in files for m in tomllib.loads(path.read_text("utf-8"))["mutant"]]
    return [m for m in listed if not words or any(word in m["trap"] for word in words)]


def verdict(tests: list[str], log: Path) -> str:
    """`passed`, `failed`, or what else became of the tests, run in the working folder."""
    child = os.fork()
    if not child:
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            arguments = ["-q", "-x", "-p", "no:cacheprovider", *tests]
            os._exit(int(importlib.import_module("pytest").main(arguments)))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code in (0, 1):
        return ("passed", "failed")[code]
    return f"pytest ended with {code}: {log.read_text('utf-8', 'replace')[-600:]}"


def tried(mutant: dict[str, str], log: Path) -> str:
    """`killed`, or what went wrong, with one mutant in the working folder."""
    path = Path(mutant["file"])
    text = path.read_text("utf-8")
    if text.count(mutant["old"]) != 1:
        return f"its text stands {text.count(mutant['old'])} times in {path}"
    try:
        path.write_text(text.replace(mutant["old"], mutant["new"]), "utf-8")
        found = verdict([f"{TESTS}/{mutant['test']}"], log)
    finally:
        path.write_text(text, "utf-8")
    return {"failed": "killed", "passed": "SURVIVED"}.get(found, found)


def main() -> int:
    """Try them; print a line each."""
    chosen = mutants(sys.argv[1:])
    with tempfile.TemporaryDirectory() as base:
        copy, log = Path(base) / "copy", Path(base) / "log"
        shutil.copytree(ROOT, copy, ignore=_NOT_COPIED)
        os.chdir(copy)
        sys.path[0] = os.environ["PYTHONPATH"] = str(copy)
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        for module in _HEAVY:
            importlib.import_module(module)
        sound = verdict(sorted({f"{TESTS}/{mutant['test']}" for mutant in chosen}), log)
        if sound != "passed":
            print(f"without any mutant the tests {sound}:\n{log.read_text('utf-8', 'replace')}")
            return 1
        left = 0
        for mutant in chosen:
            found = tried(mutant, log)
            left += found != "killed"
            print(f"{found:9} {mutant['trap']}", flush=True)
    print(f"{len(chosen) - left} of {len(chosen)} killed")
    return int(left > 0)


if __name__ == "__main__":
    raise SystemExit(main())
