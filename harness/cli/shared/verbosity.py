"""`-q` and `-v`, before or after the name of a command: `harness -q run`, `harness run -q`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from harness.contracts import BadInput
from harness.engine import messages

Command = TypeVar("Command", bound=Callable[..., Any])


def _chosen(level: int) -> Callable[[typer.Context, bool], bool]:
    def choose(context: typer.Context, value: bool) -> bool:
        if value:
            # Options before the name of the command and after it share the outermost context.
            if context.find_root().meta.setdefault(__name__, level) != level:
                raise BadInput("--quiet --verbose", "both are given", "Give one of them.")
            messages.set_level(level)
        return value

    return choose


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        callback=_chosen(messages.QUIET),
        help="Say nothing but errors and the result.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=_chosen(messages.VERBOSE),
        help="Also say why each cell is computed or reused, with keys and paths, warnings of "
        "libraries, and the tracebacks of failed cells.",
    ),
]


def with_verbosity(command: Command) -> Command:
    """The command with both options after its own; they act by themselves."""
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    own = [p.replace(annotation=hints[p.name]) for p in signature.parameters.values()]
    both = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in (("quiet", Quiet), ("verbose", Verbose))
    ]

    @wraps(command)
    def called(*args: Any, quiet: bool = False, verbose: bool = False, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    changed: Any = called
    changed.__signature__ = signature.replace(parameters=[*own, *both])
    changed.__annotations__ = {p.name: p.annotation for p in (*own, *both)}
    return changed
