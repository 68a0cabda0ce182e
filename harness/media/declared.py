"""Reading YAML files of users: a file becomes a checked model, or an error of one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from harness.contracts import BadInput

Model = TypeVar("Model", bound=BaseModel)


def read_declared(path: Path, model: type[Model], name: str, cure: str) -> Model:
    """A YAML file as a model.

    Args:
        path: the file.
        model: what it must describe.
        name: of the whole, for errors that concern no single field.
        cure: names an example of such a file.

    Raises:
        BadInput: the file is missing, is not YAML, or does not describe such a thing; names the
            field and what it should be.

    """
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, f"cannot be read ({error})", "Give a readable YAML file.") from error
    except yaml.YAMLError as error:
        fact = " ".join(str(error).split())
        raise BadInput(path, f"is not valid YAML ({fact})", "Fix the YAML syntax.") from error
    if not isinstance(values, dict):
        raise BadInput(path, "is not a mapping of fields", cure)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        facts = [
            f"{'.'.join(map(str, e['loc'])) or name}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise BadInput(path, "; ".join(facts), cure) from error
