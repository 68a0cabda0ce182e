"""What decides a metric's values, as one digest: its code, its options, its weights.

Comments and docstrings do not count, unlike in the keys of cells: a stored value stays
comparable when somebody explains the code better.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import json
import tokenize
from functools import cache
from pathlib import Path

from harness.contracts import MetricSpec
from harness.runner.provenance import SOURCE_SUFFIXES
from harness.weights import digests


def digest_of(spec: MetricSpec) -> str:
    """The digest of any metric: equal digests mean that values may be compared."""
    whole = hashlib.sha256()
    for module in sorted({spec.entry.partition(":")[0], *spec.code}):
        whole.update(f"{module}:{module_meaning(module)}".encode())
    facts = {"options": dict(spec.options), "weights": digests(spec.weights)}
    whole.update(json.dumps(facts, sort_keys=True, default=str).encode())
    return whole.hexdigest()[:16]


@cache
def module_meaning(module: str) -> str:
    """Digest of the source of a module or package, without its comments.

    Raises:
        ModuleNotFoundError: there is no such module.

    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source for module {module!r}")
    files = [Path(spec.origin)]
    if spec.submodule_search_locations:
        files = sorted(
            path
            for folder in spec.submodule_search_locations
            for path in Path(folder).rglob("*")
            if path.suffix in SOURCE_SUFFIXES and "__pycache__" not in path.parts
        )
    digest = hashlib.sha256()
    for path in files:
        text = path.read_text("utf-8")
        digest.update(f"{path.name}:{meaning(text) if path.suffix == '.py' else text}".encode())
    return digest.hexdigest()


def meaning(source: str) -> str:
    """Python source without comments, docstrings and empty lines.

    Cut from the text, not printed from the tree: the tree prints otherwise in every Python.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, owners) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            for row in range(first.lineno - 1, first.end_lineno or first.lineno):
                lines[row] = ""
    return "\n".join(kept for line in lines if (kept := line.rstrip()))
