"""A package with entry points, installed for one test as pip would leave it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path

from methods import catalog as methods
from metrics import catalog as metrics
from splits import catalog as splits

CATALOGUES = {"methods": methods, "metrics": metrics, "splits": splits}


@contextmanager
def installed(monkeypatch, folder: Path, source: str, **points: str):
    """A package `their-package` with a module `theirs` and the entry points given.

    Args:
        monkeypatch: puts the folder on the path, until the block ends.
        folder: an empty folder.
        source: of the module `theirs`.
        points: catalogue -> lines `name = module:attribute`.

    """
    facts = folder / "their_package-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    groups = [f"[talking_face_bench.{name}]\n{lines}\n" for name, lines in points.items()]
    (facts / "entry_points.txt").write_text("\n".join(groups))
    (folder / "theirs.py").write_text(source)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.delitem(sys.modules, "theirs", raising=False)
        forget()
        yield
        sys.modules.pop("theirs", None)
    forget()


def forget() -> None:
    """Let every catalogue look anew."""
    for catalogue in CATALOGUES.values():
        catalogue._discover.cache_clear()
