"""How `list`, `doctor` and `verify` show facts: as blocks for people, or as one JSON document.

Prose is wrapped at words to the width of the terminal, and not at all where the output goes
elsewhere. Commands stand on lines of their own and are never wrapped, so that they can be copied.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

#: Raised when a key of the JSON documents changes its meaning or goes.
SCHEMA_VERSION = 1

#: Columns of the names of facts.
_NAMES = 10

#: What people can type, in sentences of cures: quoted commands, and what stands there unquoted.
_COMMANDS = re.compile(
    r"`((?:python|pip|conda|git|bash|make|apt-get)\b[^`]*)`"
    r"|(git clone (?:--\w+ )*[^,\s]+)"
    r"|\b(HARNESS_\w+=\w+)"
)

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead, with stable keys.")
]


@dataclass(frozen=True)
class FactBlock:
    """A heading, named facts below it, and commands that can be copied."""

    head: str
    facts: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()


def commands_in(text: str) -> tuple[str, ...]:
    """The commands that a sentence names, in order and each once."""
    found = []
    for quoted, clone, variable in _COMMANDS.findall(text):
        found.append(quoted or clone or f"export {variable}")
    return tuple(dict.fromkeys(found))


def show(blocks: Iterable[FactBlock]) -> None:
    """Print blocks for people."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for block in blocks:
        print(wrapped(block.head, width, "  "))
        for name, text in block.facts:
            if text:
                print(wrapped(f"  {name:<{_NAMES}}{text}", width, " " * (2 + _NAMES)))
        for command in block.commands:
            print(f"    {command}")


def wrapped(text: str, width: int, indent: str) -> str:
    """Text broken between words alone, its further lines indented; width 0 breaks nowhere."""
    if len(text) <= width or not width:
        return text
    head = text[: len(text) - len(text.lstrip())]
    lines = textwrap.wrap(
        text.lstrip(),
        max(width, 2 * len(indent)),
        initial_indent=head,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def for_output(out: Path | None) -> AbstractContextManager[object]:
    """A block that makes text: for a file it has neither the terminal's width nor its colours."""
    return nullcontext() if out is None else redirect_stdout(io.StringIO())


def print_document(**facts: Any) -> None:
    """Print one JSON document."""
    print(json.dumps({"schema_version": SCHEMA_VERSION, **facts}, indent=1, ensure_ascii=False))
