"""The file of `run --config`: a whole benchmark in one YAML file, and what overrides it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator, model_validator

from harness.cli.options import number_of
from harness.contracts import BadInput, UnknownName
from harness.engine.method_rows import name_of
from harness.engine.request import MethodRow, rows_of
from harness.files.documents import read_declared, read_yaml
from harness.weights import sha256_of
from methods import catalog as methods

CURE = "docs/commands.md, section 'A benchmark in one file', has an example."
#: Seeds go to NumPy's legacy generator too, which takes 32 bits.
_Seed = Annotated[int, Field(ge=0, lt=2**32)]
_Name = Annotated[str, Field(min_length=1)]


class _Declared(BaseModel):
    """Refuses unknown keys, and names the known one that is nearest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, values: Any) -> Any:
        for key in values if isinstance(values, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(str(UnknownName("key", str(key), cls.model_fields)).rstrip("."))
        return values


class BenchMethod(_Declared):
    """A method under some options."""

    id: _Name
    preset: _Name | None = None
    options: dict[str, Any] = Field(default_factory=dict)  # over the preset

    @field_validator("options")
    @classmethod
    def _numbers(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: number_of(value) for name, value in values.items()}


class Bench(_Declared):
    """What `run` does; every field but the methods has the default of the command line."""

    methods: tuple[BenchMethod, ...] = Field(min_length=1)
    splits: tuple[_Name, ...] = Field(default=("synthetic-mini",), min_length=1)
    tests: tuple[_Name, ...] = ()
    sequences: tuple[_Name, ...] | None = Field(default=None, min_length=1)
    seeds: tuple[_Seed, ...] = Field(default=(0,), min_length=1)
    metrics: tuple[_Name, ...] | None = Field(default=None, min_length=1)
    baselines: bool = True
    out: Path = Path("runs")
    device: _Name = "auto"
    limit: PositiveInt | None = None

    @field_validator("methods", mode="before")
    @classmethod
    def _by_id(cls, values: Any) -> Any:
        """A method may be its id alone."""
        if not isinstance(values, list | tuple):
            return values
        return [{"id": value} if isinstance(value, str) else value for value in values]

    def rows(self) -> tuple[MethodRow, ...]:
        """The rows to run: methods, then the baselines that are not among them.

        Raises:
            UnknownName: no such method or preset.
            BadInput: two entries would make one row.

        """
        seeds = tuple(dict.fromkeys(self.seeds))
        rows = [MethodRow(one.id, one.preset, one.options, seeds) for one in self.methods]
        names = [name_of(methods.spec(row.method), row) for row in rows]
        for name in names:
            if names.count(name) > 1:
                fact = f"two entries make the row {name!r}"
                raise BadInput("methods", fact, "Leave one out, or give it other options.")
        named = {row.method for row in rows}
        rest = rows_of((), self.baselines, seeds=seeds)
        return (*rows, *(row for row in rest if row.method not in named))


def read_bench(path: Path) -> Bench:
    """The file, with its folders relative to where it lies.

    Raises:
        UnknownName: no such method.
        BadInput: it cannot be read; a key is unknown; a value is of another type; a baseline has
            a preset or options.

    """
    bench = read_declared(path, Bench, "the file", CURE)
    for one in bench.methods:
        spec = methods.spec(one.id)
        if spec.role != "method" and (one.preset is not None or one.options):
            fact = f"methods: {one.id} is a {spec.role}, which has neither preset nor options"
            raise BadInput(path, fact, "Give its id alone.")
    near = path.parent
    splits = [str(near / name) if _is_folder(near, name) else name for name in bench.splits]
    # Without `out` it is the command's own default, in the current folder.
    out = near / bench.out if "out" in bench.model_fields_set else bench.out
    return bench.model_copy(update={"splits": tuple(splits), "out": out})


def _is_folder(near: Path, split: str) -> bool:
    """Whether a split is named by its folder and not by a registered name."""
    return os.sep in split or (near / split).is_dir()


def settle(path: Path | None, given: Mapping[str, Any]) -> tuple[Bench, dict[str, Any] | None]:
    """The file with what the command line says instead.

    Methods that the command line names keep the file's options; `preset` and `options` of the
    command line are those of every method, over the file's.

    Args:
        path: the file; None for a command without one.
        given: ids of `methods`, `preset`, `options`, and values by field of `Bench`; None where
            the command line does not say.

    Returns:
        What to run, and for its provenance the file and what overrode it; None without a file.

    Raises:
        UnknownName, BadInput: see `read_bench`; no method is named.

    """
    said = {name: value for name, value in given.items() if value is not None}
    if path is None and "methods" not in said:
        cure = "Write --method ua3dtalk (see `list methods`), or --config FILE."
        raise BadInput("run", "no method is named", cure)
    bench = read_bench(path) if path else None
    record = None
    if path:
        record = {
            "file": path.name,
            "sha256": sha256_of(path),
            "content": read_yaml(path),
            "overridden": dict(said),
        }
    entries = list(bench.methods) if bench else []
    if names := said.pop("methods", None):
        named = {name: [one for one in entries if one.id == name] for name in names}
        entries = [one for name, own in named.items() for one in own or [BenchMethod(id=name)]]
    preset, options = said.pop("preset", None), said.pop("options", {})
    changes = {} if preset is None else {"preset": preset}
    chosen = tuple(
        one.model_copy(update={**changes, "options": {**one.options, **options}}) for one in entries
    )
    bench = bench or Bench(methods=chosen)
    return bench.model_copy(update={"methods": chosen, **said}), record
