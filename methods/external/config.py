# ruff: noqa: D214, D405  (the YAML of the example is not a docstring section)
"""The YAML file with the locations of checkouts and rendered videos: `HARNESS_EXTERNAL`.

If that is not set, it is `~/.config/talking-face-bench/external.yaml`. An example::

    methods:
      talkinggaussian:
        root: /opt/TalkingGaussian
        prefix: {conda: talking_gaussian}  # or venv: DIR, docker: IMAGE, apptainer: IMAGE.sif
        # python: /opt/envs/tg/bin/python  # instead of a prefix
        licence: accepted
        limits: {train: 86400, render: 7200}  # seconds
        variables: {TORCH_HOME: /data/torch}
    prerecorded:
      - {id: dreamtalk, title: DreamTalk, licence: CC BY 4.0, source: "arXiv 2312.09767",
         drive: audio, videos: "/data/dreamtalk/{sequence}.mp4"}
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.files.documents import read_yaml, validated

_Seconds = Annotated[float, Field(gt=0)] | None
_EXAMPLE = "See docs/external-methods.md for an example."


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Prefix(_Part):
    conda: str | None = Field(default=None, pattern=r"^[^-\s]\S*$")
    venv: Path | None = None
    docker: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][\w./:@-]*$")
    apptainer: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> _Prefix:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of conda, venv, docker, apptainer")
        return self


class Checkout(_Part):
    """Where one method's checkout is and which interpreter runs it."""

    root: Path | None = None
    python: Path | None = None
    prefix: _Prefix | None = None
    licence: Literal["accepted"] | None = None
    limits: dict[Literal["train", "render"], _Seconds] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one(self) -> Checkout:
        if self.python and self.prefix:
            raise ValueError("give python or prefix, not both")
        return self


class Videos(_Part):
    """Videos of tests, rendered elsewhere, as one method."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    source: str = Field(min_length=1)  # the paper, and who rendered them
    drive: Literal["audio", "audio+au"]
    videos: str = Field(min_length=1)  # a folder of SEQUENCE.mp4, or a path with {sequence}

    @field_validator("videos")
    @classmethod
    def _fields(cls, value: str) -> str:
        if re.search("[{}]", re.sub(r"\{(sequence|subject)\}", "", value)):
            raise ValueError("a path may contain {sequence} and {subject}, and no other braces")
        return value


class File(_Part):
    """The whole file."""

    methods: dict[str, Checkout] = Field(default_factory=dict)
    prerecorded: list[Videos] = Field(default_factory=list)


def config_path() -> Path:
    """The path of the YAML file, whether or not it exists."""
    named = os.environ.get("HARNESS_EXTERNAL")
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    # Path.expanduser() raises for a user without a home folder; this leaves the path as it is.
    return Path(os.path.expanduser(named or f"{base}/talking-face-bench/external.yaml"))


def read_config() -> File:
    """The content of the YAML file; empty if there is none and none was named.

    Raises:
        BadInput: it was named and is absent, is not YAML, or does not have the described fields.

    """
    path = config_path()
    if not path.is_file() and not os.environ.get("HARNESS_EXTERNAL"):
        return File()
    values = read_yaml(path, "Fix the YAML syntax, or correct HARNESS_EXTERNAL.")
    return validated({} if values is None else values, path, File, "file", _EXAMPLE)
