"""Which splits there are: the manifests shipped here and those of plug-ins, read and checked.

A plug-in registers an entry point in the group `talking_face_bench.splits` that is a
`SplitManifest`, the path of a YAML file, or a callable without arguments giving either.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.contracts import (
    EMOTIONS,
    BadInput,
    Progress,
    Sequence,
    SequenceEntry,
    SplitManifest,
    UnknownName,
)
from harness.files.documents import read_declared
from harness.plugins import Problem, collect, look_up
from splits.roles import apply_role, check_entries

GROUP = "talking_face_bench.splits"
_FOLDER = Path(__file__).resolve().parent / "manifests"

#: Loader name in a manifest -> module that holds its `load`.
LOADERS: Mapping[str, str] = {
    "synthetic": "splits.synthetic.corpus",
    "er_nerf": "splits.er_nerf",
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    subject: str = Field(min_length=1)
    emotion: str | None = None
    intensity: int | None = Field(default=None, ge=1, le=3)
    options: dict[str, Any] = Field(default_factory=dict)
    role: str | None = None

    @field_validator("emotion")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in EMOTIONS:
            raise ValueError(f"{value!r} is not one of {', '.join(EMOTIONS)}")
        return value


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    loader: str
    domain: Literal["photo", "synthetic"]
    fps: float = Field(gt=0)
    resolution: tuple[int, int]
    licence: str = Field(min_length=1)
    source: str = Field(min_length=1)
    protocol: str = Field(min_length=1)
    train_fraction: float = Field(default=10 / 11, gt=0, lt=1)
    composite: Literal["plate", "none"] = "plate"
    crop: str = "none"
    checksums: dict[str, str] = Field(default_factory=dict)
    unseen_subjects: bool = False
    sequences: list[_Entry] = Field(min_length=1)

    @field_validator("resolution")
    @classmethod
    def _positive(cls, value: tuple[int, int]) -> tuple[int, int]:
        if min(value) < 16:
            raise ValueError("height and width must be at least 16 pixels")
        return value

    @field_validator("train_fraction", mode="before")
    @classmethod
    def _fraction(cls, value: Any) -> Any:
        """Accept `10/11`, which no decimal states exactly."""
        if isinstance(value, str) and value.count("/") == 1:
            above, below = value.split("/")
            if above.strip().isdecimal() and below.strip().isdecimal() and int(below):
                return int(above) / int(below)
        return value

    @model_validator(mode="after")
    def _roles(self) -> _Manifest:
        check_entries(self.entries(), self.unseen_subjects)
        return self

    def entries(self) -> tuple[SequenceEntry, ...]:
        """The sequences as the contract has them."""
        return tuple(SequenceEntry(**entry.model_dump()) for entry in self.sequences)


def read_manifest(path: Path) -> SplitManifest:
    """A manifest from a YAML file; an option `folder` of a sequence is relative to that file.

    Raises:
        BadInput: the file is missing, is not YAML, or does not describe a split; names the
            field and what it should be.

    """
    checked = read_declared(path, _Manifest, "manifest", "See splits/manifests for examples.")
    fields = {name: getattr(checked, name) for name in type(checked).model_fields}
    entries = tuple(_beside(path, entry) for entry in checked.entries())
    return SplitManifest(**{**fields, "sequences": entries})


def _beside(path: Path, entry: SequenceEntry) -> SequenceEntry:
    folder = entry.options.get("folder")
    if not isinstance(folder, str):
        return entry
    place = str(path.resolve().parent / Path(folder).expanduser())
    return replace(entry, options={**entry.options, "folder": place})


@cache
def _discover() -> tuple[dict[str, SplitManifest], list[Problem]]:
    own = [read_manifest(path) for path in sorted(_FOLDER.glob("*.yaml"))]
    return collect(SplitManifest, GROUP, own, _manifests_of, key=attrgetter("name"))


def _manifests_of(value: Any) -> list[Any]:
    """What an entry point holds, called, read and checked where it must be."""
    if callable(value):
        value = value()
    if isinstance(value, str | Path):
        return [read_manifest(Path(value))]
    if isinstance(value, SplitManifest):
        check_entries(value.sequences, value.unseen_subjects)
    return [value]


def manifests() -> dict[str, SplitManifest]:
    """All known splits by `id@version`: shipped ones first, then those of plug-ins."""
    return _discover()[0]


def problems() -> list[Problem]:
    """Plug-ins that could not be loaded."""
    return _discover()[1]


def manifest(name: str) -> SplitManifest:
    """A split by `id@version`, or by `id` alone: then its newest version.

    Raises:
        BadInput: a plug-in of that name could not be loaded.
        UnknownName: no such split; offers the nearest names.

    """
    known = manifests()
    by_version = sorted(known.values(), key=lambda m: m.version)
    return look_up("split", name, known | {m.id: m for m in by_version}, problems())


def loader(split: SplitManifest) -> Callable[..., Sequence]:
    """The function `load(manifest, entry, progress=None) -> Sequence` of a split's loader.

    A plug-in may name its own as `package.module:function`.

    Raises:
        UnknownName: no such loader.

    """
    if split.loader in LOADERS:
        return importlib.import_module(LOADERS[split.loader]).load
    module, _, function = split.loader.partition(":")
    if function:
        try:
            return getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise BadInput(
                f"split {split.name}",
                f"its loader {split.loader!r} cannot be imported ({error})",
                "Install the package that has it.",
            ) from error
    raise UnknownName("loader", split.loader, LOADERS)


def load(split: SplitManifest, entry: SequenceEntry, progress: Progress | None = None) -> Sequence:
    """A sequence of a split, read by its loader and with the role that the split gives it.

    Raises:
        BadInput: the loader refuses the data, or it cannot be imported.
        UnknownName: no such loader.

    """
    return apply_role(loader(split)(split, entry, progress), entry.role)


__all__ = [
    "GROUP",
    "LOADERS",
    "load",
    "loader",
    "manifest",
    "manifests",
    "problems",
    "read_manifest",
]
