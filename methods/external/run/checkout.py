"""What an adapter states about a checkout, and specs whose presets hold its version."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from harness.contracts import HarnessError, MethodSpec, PublishedResult
from methods.external.run.environment import Environment, environment_of

#: Files of a checkout that decide what it does; shell scripts hold options of its trainings.
_CODE = ("*.py", "*.sh", "*.yaml", "*.yml")
#: Folders of a checkout that hold data and results rather than code.
_NOT_CODE = {"data", "output", "outputs", "results", "result", "logs", "dataset", "datasets"}

#: Results of external methods as papers print them.
_PUBLISHED = Path(__file__).parents[1] / "published.toml"


@dataclass(frozen=True)
class Asset:
    """A file that must lie in the checkout, and how its authors say to get it."""

    path: str  # relative to the root; may be a pattern, such as `weights/*.pth`
    obtain: str

    def found(self, root: Path) -> bool:
        """Whether it is there."""
        return any(root.glob(self.path))


@dataclass(frozen=True)
class Inputs:
    """Files or folders that a prepared folder must hold, and how to make them."""

    names: tuple[str, ...]  # relative to it
    obtain: str


@dataclass(frozen=True)
class Step:
    """One command of a checkout.

    `arguments` follow the interpreter. `makes` are files, relative to `CheckoutJob.model`, that it
    must write. A finished training step is not repeated; an interrupted one is.
    """

    name: str  # in progress, errors and the name of its log
    arguments: tuple[str, ...]
    makes: tuple[str, ...] = ()
    folder: Path | None = None  # where it is run; None: in the checkout


@dataclass(frozen=True)
class CheckoutJob:
    """Folders and settings of one fit or render; all paths are absolute."""

    record: Mapping[str, Any]  # what `fit` keeps: `sequence`, `folder`, `seed`, `config`
    workdir: Path
    environment: Environment
    device: str

    @property
    def config(self) -> Mapping[str, Any]:
        """The options of the fit."""
        return self.record["config"]

    @property
    def root(self) -> Path:
        """The checkout, where commands run."""
        return self.environment.root

    @property
    def data(self) -> Path:
        """What the checkout reads, in its own layout."""
        return self.workdir / "data" / self.record["sequence"]

    @property
    def model(self) -> Path:
        """What the checkout writes."""
        return self.workdir / "output" / self.record["sequence"]

    @property
    def scratch(self) -> Path:
        """A folder that is emptied before every render."""
        return self.workdir / "scratch"


@dataclass(frozen=True)
class Adapter:
    """Everything about a checkout that is not code."""

    spec: MethodSpec
    home: str  # where its authors publish it
    obtain: str  # how they say to get it and its environment, one or two sentences
    scripts: tuple[str, ...]  # files that make this folder this checkout
    assets: tuple[Asset, ...] = ()  # weights that it needs
    imports: tuple[str, ...] = ()  # modules that `verify` asks its interpreter for
    surplus: int = 0  # frames that it may write beyond those asked for; cut from the end
    layout: bool = True  # reads a prepared folder, not only frames and sound
    inputs: tuple[Inputs, ...] = ()  # what that folder must hold
    hidden: tuple[str, ...] = ()  # files of that folder that the checkout must not see
    units: tuple[str, ...] = ()  # action units that its reader looks up in `au.csv`
    spaces: bool = True  # whether it looks them up with a leading space
    starts: tuple[str, ...] = ()  # scripts that `verify` starts with --help, to import all
    smoke: Mapping[str, Any] | None = None  # options of a run of seconds; None: not possible
    note: str = ""  # what a reader of its numbers must know and no adapter can fix
    free_gib: float = 10.0  # disk space that a command needs


class ComputedPreset(Mapping[str, Any]):
    """A preset with one more entry, which is computed when a run reads it, not when it is listed.

    Cells depend on presets, and so on what the entry is computed from.
    """

    def __init__(self, name: str, compute: Callable[[], Any], **entries: Any) -> None:
        self.name, self.compute, self.entries = name, compute, entries

    def __getitem__(self, key: str) -> Any:
        return self.compute() if key == self.name else self.entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.entries, self.name])

    def __len__(self) -> int:
        return len(self.entries) + 1


def checkout_spec(
    id: str,
    presets: Mapping[str, Mapping[str, Any]],
    published_note: str = "",
    default_preset: str = "paper",
    **facts: Any,
) -> MethodSpec:
    """The spec of an external method, with its rows of `published.toml`.

    Every preset gets the version of the checkout, every row `published_note`: what holds for all
    published numbers of the method.
    """

    def version() -> str | None:
        try:
            return version_of(environment_of(id, "").root)
        except HarnessError:
            return None  # the fit refuses, with the reason

    return MethodSpec(
        id=id,
        presets={n: ComputedPreset("checkout", version, **given) for n, given in presets.items()},
        default_preset=default_preset,
        timed=False,
        published=tuple(
            PublishedResult(
                table["name"],
                table["split"],
                dict(zip(table["columns"], table["rows"][id], strict=True)),
                "; ".join([table["note"], *table.get("notes", {}).get(id, []), published_note]),
            )
            for table in _published_tables()
            if id in table["rows"]
        ),
        **facts,
    )


@cache
def _published_tables() -> list[dict[str, Any]]:
    return tomllib.loads(_PUBLISHED.read_text("utf-8"))["table"]


@cache
def version_of(root: Path) -> str:
    """Hash of the code and settings files of a checkout as they are now, committed or not."""
    digest = hashlib.sha256()
    for path in sorted(path for kind in _CODE for path in root.rglob(kind)):
        parts = path.relative_to(root).parts
        if not any(part.startswith(".") or part in _NOT_CODE for part in parts[:-1]):
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


#: The spec of a method that renders its own test only, by the poses and units of that test.
own_test_spec = partial(
    checkout_spec,
    signals=("camera", "masks", "landmarks", "au", "audio_features"),
    drives=("audio+au",),
    takes_sound=False,
)
