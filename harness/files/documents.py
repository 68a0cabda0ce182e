"""Reading of JSON and YAML: plain values of limited depth, or a checked model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from harness.contracts import BadInput
from harness.files import limits
from harness.files.reading import AGAIN, read_text, reading

Model = TypeVar("Model", bound=BaseModel)


def parse_json(text: str, path: Path, cure: str = AGAIN, finite: bool = True) -> Any:
    """Plain values of a JSON text; see `read_json`."""
    with reading(path, "JSON file", cure):
        value = json.loads(text)
    _check(path, value, cure, finite)
    return value


def read_json(path: Path, cure: str = AGAIN, finite: bool = True) -> Any:
    """Plain values of a JSON file.

    Args:
        path: the file.
        cure: what to do about a damaged one.
        finite: whether NaN and infinity are refused, which Python writes and JSON does not know.

    Raises:
        BadInput: missing, too large, not JSON, nested too deeply, or not finite.

    """
    return parse_json(read_text(path, "JSON file", cure), path, cure, finite)


def read_object(path: Path, cure: str = AGAIN, finite: bool = True) -> dict[str, Any]:
    """As `read_json`, of a file whose outermost value is an object.

    Raises:
        BadInput: as `read_json`, or another value.

    """
    value = read_json(path, cure, finite)
    if not isinstance(value, dict):
        raise BadInput(path, f"holds {type(value).__name__}, not a JSON object", cure)
    return value


def read_yaml(path: Path, cure: str = AGAIN) -> Any:
    """Plain values of a YAML file; tags that make objects are refused.

    Raises:
        BadInput: missing, too large, not YAML, nested too deeply, not finite, or with aliases
            that make a few lines unpack to gigabytes.

    """
    text = read_text(path, "YAML file", cure)
    with reading(path, "YAML file", cure):
        value = yaml.safe_load(text)
    _check(path, value, cure, finite=True)
    return value


def read_declared(path: Path, model: type[Model], name: str, cure: str) -> Model:
    """A YAML file as a model.

    Args:
        path: the file.
        model: what it must describe.
        name: of the whole, for errors that concern no single field.
        cure: names an example of such a file.

    Raises:
        BadInput: the file cannot be read, or does not describe such a thing; names the field
            and what it should be.

    """
    values = read_yaml(path, "Fix the YAML syntax.")
    if not isinstance(values, dict):
        raise BadInput(path, "is not a mapping of fields", cure)
    return validated(values, path, model, name, cure)


def validated(values: Any, path: Path, model: type[Model], name: str, cure: str) -> Model:
    """Plain values as a model.

    Raises:
        BadInput: names each field that is wrong and what it should be.

    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        facts = [
            f"{'.'.join(map(str, e['loc'])) or name}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise BadInput(path, "; ".join(facts), cure) from error


def _check(path: Path, value: Any, cure: str, finite: bool) -> None:
    """Refuse values that are nested too deeply, and numbers that are not finite."""
    level, depth = [value], 0
    while level:
        limits.check(path, "depth", depth, "its values are nested by")
        limits.check(path, "entries", len(level), "it unpacks to more than")
        if finite and any(isinstance(v, float) and not math.isfinite(v) for v in level):
            raise BadInput(path, "one of its numbers is not finite", cure)
        inner = [v for v in level if isinstance(v, dict | list)]
        level = [part for v in inner for part in (v.values() if isinstance(v, dict) else v)]
        depth += 1
