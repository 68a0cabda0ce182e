"""What all pages share: the templates, one style sheet, and text that is escaped."""

from __future__ import annotations

from typing import Any


def render(name: str, **values: Any) -> str:
    """A template of this package with its values; all text in them is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(**values)
