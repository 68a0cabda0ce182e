"""What all pages share: the templates, one style sheet, and text that is escaped."""

from __future__ import annotations

from typing import Any


def render(name: str, **values: Any) -> str:
    """A template of this package with its values; all text in them is escaped.

    In a template `source(name)` is the text of another file of the folder as it is, such as a
    script, in which braces are no markup; it goes through the filter `safe`.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=(loader := PackageLoader("reports", "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["source"] = lambda file: loader.get_source(environment, file)[0]
    return environment.get_template(name).render(**values)
