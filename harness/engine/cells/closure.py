"""The code that determines an outcome: the import closure of a module, found automatically.

Imports are read from the source, also those inside functions, and followed inside our packages
and inside the package of the entry module itself, which may be a plug-in's. A digest ignores
comments and docstrings: documenting code invalidates no result. An import of a
name that is computed at run time cannot be found; a literal in `import_module("...")` or
`load_entry("...")` is.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import json
import tokenize
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from harness.file_cache import computed, sha256_of_files

#: Top-level packages of this project.
OURS = ("harness", "methods", "metrics", "splits", "reports")

#: Files beside a package's modules, or in its folders that are not packages, that determine
#: what it computes.
DATA_SUFFIXES = (".cpp", ".h", ".cu", ".npz")

#: Calls whose literal argument names a module.
IMPORTERS = ("import_module", "load_entry", "__import__")

#: Dots of a relative import, the module named, and the names imported from it.
Import = tuple[int, str, list[str]]

#: Incremented with every change to what is stored for a module.
FORMAT = "module 1"


@cache
def closure(entry: str) -> dict[str, Path]:
    """Modules that importing `entry` can reach -> their source files, by name.

    Args:
        entry: a module, or `module:attribute`.

    Raises:
        ModuleNotFoundError: the entry has no Python source.

    """
    first = entry.partition(":")[0]
    start = source_of(first)
    if start is None:
        raise ModuleNotFoundError(f"no source for module {first!r}")
    packages = {*OURS, first.partition(".")[0]}
    found: dict[str, Path] = {}
    level = {first: start}
    while level:
        found |= level
        named = {name.rpartition(".")[0] for name in level}
        for name, facts in zip(level, _facts(tuple(level.values())), strict=True):
            named |= set(imports_of(name, level[name], facts["imports"]))
        level = {
            name: source
            for name in sorted(named)
            if name.partition(".")[0] in packages
            and name not in found
            and (source := source_of(name)) is not None
        }
    return dict(sorted(found.items()))


@cache
def digest(*entries: str) -> str:
    """Hash of all code in the closures of the entries: equal digests mean equal code."""
    modules: dict[str, Path] = {}
    for entry in entries:
        modules |= closure(entry)
    whole = hashlib.sha256()
    names = sorted(modules)
    for name, facts in zip(names, _facts(tuple(modules[n] for n in names)), strict=True):
        whole.update(f"{name}:{facts['meaning']}\n".encode())
    data = sorted({file for path in modules.values() for file in data_of(path)})
    for path, value in sha256_of_files(data).items():
        whole.update(f"{path.name}:{value}\n".encode())
    return whole.hexdigest()[:16]


@cache
def source_of(name: str) -> Path | None:
    """The source file of a module; None if there is no Python source.

    Found by path below its top-level package: importing its parent packages would
    import torch with some of them.
    """
    top, *rest = name.split(".")
    for folder in _folders(top):
        place = folder.joinpath(*rest)
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                return path
    if rest:
        return None
    origin = _origin(top)
    return Path(origin) if origin and origin.endswith(".py") else None


@cache
def _folders(top: str) -> tuple[Path, ...]:
    spec = _spec(top)
    return tuple(map(Path, spec.submodule_search_locations or ())) if spec else ()


def _origin(top: str) -> str | None:
    spec = _spec(top)
    return spec.origin if spec else None


def _spec(top: str) -> ModuleSpec | None:
    """The spec of a top-level module; a module that was created by hand may have none."""
    try:
        return importlib.util.find_spec(top) if top else None
    except (ImportError, ValueError):
        return None


def imports_of(name: str, path: Path, imports: list[Import]) -> list[str]:
    """Modules that a module names in its imports; also names that are not modules."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for level, module, imported in imports:
        base = module
        if level:
            parts = package.split(".")
            parts = parts[: len(parts) - level + 1]
            base = ".".join([*parts, module] if module else parts)
        found.append(base)
        found += [f"{base}.{each}" for each in imported]
    return found


def data_of(path: Path) -> list[Path]:
    """Data files of a package, which its `__init__.py` represents."""
    if path.name != "__init__.py":
        return []
    found = [file for file in path.parent.iterdir() if file.suffix in DATA_SUFFIXES]
    for folder in path.parent.iterdir():
        if folder.is_dir() and not (folder / "__init__.py").exists():
            found += [file for file in folder.rglob("*") if file.suffix in DATA_SUFFIXES]
    return found


def _facts(paths: tuple[Path, ...]) -> list[dict[str, Any]]:
    """Digest and imports of source files in order, kept on disk until a file changes."""
    found = computed(FORMAT, paths, _read)
    return [json.loads(found[path]) for path in paths]


def _read(path: Path) -> str:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    imports: list[Import] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.level, node.module or "", [alias.name for alias in node.names]))
        elif isinstance(node, ast.Call) and _called(node) in IMPORTERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                imports.append((0, first.value.partition(":")[0], []))
    meaning = hashlib.sha256(meaning_of(text, tree).encode()).hexdigest()
    return json.dumps({"meaning": meaning, "imports": imports})


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def meaning_of(source: str, tree: ast.Module | None = None) -> str:
    """Python source without comments, docstrings and empty lines.

    Cut from the text, not printed from the syntax tree, which differs between Python versions.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree or ast.parse(source)):
        if isinstance(node, owners) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            for row in range(first.lineno - 1, first.end_lineno or first.lineno):
                lines[row] = ""
    return "\n".join(kept for line in lines if (kept := line.rstrip()))
