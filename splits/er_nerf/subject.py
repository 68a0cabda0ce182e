"""`subject.json`: the sequences of a folder with several, their order, roles and sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from harness.contracts import BadInput
from harness.files.documents import read_json, validated

SUBJECT_FILE = "subject.json"


class SubjectSequence(BaseModel):
    """One sequence: its sub-folder, its role (None: cut in time) and the video it is from."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1)
    role: Literal["train", "validate", "test"] | None = None
    source: str = ""
    source_sha256: str = ""

    @field_validator("id")
    @classmethod
    def _plain(cls, value: str) -> str:
        if value != Path(value).name or value.startswith("."):
            raise ValueError(f"{value!r} is not the name of a sub-folder")
        return value


class Subject(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_version: Literal[1] = 1
    sequences: tuple[SubjectSequence, ...] = Field(min_length=1)


def write_subject(folder: Path, parts: tuple[SubjectSequence, ...]) -> None:
    """Write the file into a folder."""
    text = json.dumps(Subject(sequences=parts).model_dump(), indent=2, ensure_ascii=False)
    (folder / SUBJECT_FILE).write_text(text + "\n", encoding="utf-8")


def read_subject(folder: Path) -> dict[str, str | None]:
    """Roles by sequence, in the file's order.

    Raises:
        BadInput: the file is not readable or does not describe sequences, or names one twice.

    """
    path = folder / SUBJECT_FILE
    cure = "Prepare the videos again, or remove it: the sequences are then split in time."
    subject = validated(read_json(path, cure), path, Subject, "subject", cure)
    roles: dict[str, str | None] = {part.id: part.role for part in subject.sequences}
    if len(roles) < len(subject.sequences):
        raise BadInput(path, "a sequence occurs twice", cure)
    return roles
