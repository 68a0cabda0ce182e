"""What anyone sees who opens the folder: sizes of files and folders, names of classes."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = [
    path
    for package in ("harness", "methods", "metrics", "splits", "reports")
    for path in sorted((ROOT / package).rglob("*.py"))
]

#: Folders that hold a catalogue of like files.
CATALOGUES = (ROOT / "metrics", ROOT / "splits" / "synthetic")


def test_no_folder_has_more_than_14_modules():
    found = defaultdict(list)
    for path in SHIPPED:
        if not any(place == path.parent or place in path.parents for place in CATALOGUES):
            found[path.parent].append(path.name)
    assert {str(k): len(v) for k, v in found.items() if len(v) > 14} == {}


def test_no_file_has_more_than_400_lines():
    sizes = {str(path): len(path.read_text("utf-8").splitlines()) for path in SHIPPED}
    assert {path: size for path, size in sizes.items() if size > 400} == {}


def test_no_two_public_classes_share_a_name():
    found = defaultdict(list)
    for path in SHIPPED:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
