"""Reading of JSON and YAML: plain values of limited depth, or a checked model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from harness.contracts import BadInput
from harness.files import limits
from harness.files.reading import AGAIN, read_text, reading

Model = TypeVar("Model", bound=BaseModel)


def parse_json(text: str, path: Path, cure: str = AGAIN) -> Any:
    """Plain values of a JSON text.

    Raises:
        BadInput: not JSON, NaN or Infinity in it, or nested too deeply.

    """

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not a JSON value")

    with reading(path, "JSON file", cure):
        value = json.loads(text, parse_constant=refuse)
    _check_depth(path, value)
    return value


def read_json(path: Path, cure: str = AGAIN) -> Any:
    """Plain values of a JSON file.

    Args:
        path: the file.
        cure: what to do about a damaged one.

    Raises:
        BadInput: missing, too large, not JSON, NaN or Infinity in it, or nested too deeply.

    """
    return parse_json(read_text(path, "JSON file", cure), path, cure)


def read_object(path: Path, cure: str = AGAIN) -> dict[str, Any]:
    """As `read_json`, of a file whose outermost value is an object.

    Raises:
        BadInput: as `read_json`, or another value.

    """
    value = read_json(path, cure)
    if not isinstance(value, dict):
        raise BadInput(path, f"holds {type(value).__name__}, not a JSON object", cure)
    return value


def read_yaml(path: Path, cure: str = AGAIN) -> Any:
    """Plain values of a YAML file; tags that make objects are refused.

    Raises:
        BadInput: missing, too large, not YAML, nested too deeply, or with aliases, which can
            make a few lines unpack to gigabytes.

    """
    text = read_text(path, "YAML file", cure)
    with reading(path, "YAML file", cure):
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise ValueError("it uses aliases")
        value = yaml.safe_load(text)
    _check_depth(path, value)
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


def _check_depth(path: Path, value: Any) -> None:
    level, depth = [value], 0
    while level:
        limits.check(path, "depth", depth, "its values are nested by")
        inner = [v for v in level if isinstance(v, dict | list)]
        level = [part for v in inner for part in (v.values() if isinstance(v, dict) else v)]
        depth += 1
