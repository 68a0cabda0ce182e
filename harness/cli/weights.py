"""`weights`: which networks' weights are present, and how to get the others."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from harness import weights
from harness.cli.shared.blocks import AsJson, FactBlock, print_document, show
from harness.cli.shared.verbosity import with_verbosity
from harness.contracts import BadInput, HarnessError, Unavailable

app = typer.Typer(help="List and fetch weights.", no_args_is_help=True)


@app.command("list")
@with_verbosity
def list_weights(as_json: AsJson = False) -> None:
    """List all weights files.

    Whether they are present and verified, their licences, and what needs them.
    """
    found = [facts_of(entry) for entry in weights.registry().values()]
    if as_json:
        print_document(weights=found, trust=weights.TRUST)
        return
    show(map(block_of, found))
    print()
    show(FactBlock(f"{name}: {meaning}") for name, meaning in weights.TRUST.items())


def facts_of(entry: weights.WeightEntry) -> dict[str, Any]:
    """What is known of a file, as `--json` prints it."""
    from metrics.catalog import users_of

    state, place = state_of(entry)
    return {
        "id": entry.id,
        "state": state,
        "bytes": entry.bytes,
        "file": place,
        "needed_by": list(users_of(entry)),
        "licence": entry.licence,
        "source": entry.url or entry.how or "comes with the package",
    }


def block_of(facts: dict[str, Any]) -> FactBlock:
    """The same for people."""
    size = f" · {megabytes(facts['bytes'])}" if facts["bytes"] else ""
    shown = ("file", "needed_by", "licence", "source")
    texts = {**facts, "needed_by": ", ".join(facts["needed_by"])}
    lines = tuple((name.replace("_", " "), texts[name]) for name in shown)
    return FactBlock(f"{facts['id']} · {facts['state']}{size}", lines)


@app.command("fetch")
@with_verbosity
def fetch(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids from `weights list`, or `all`.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--for", help="Fetch all weights that this metric needs.")
    ] = None,
) -> None:
    """Download weights files.

    Interrupted downloads resume; checksums are verified.
    """
    from harness.engine.progress import watch
    from harness.fetch import fetch_weights

    wanted = chosen(ids or [], metric or [])
    refused: list[HarnessError] = []
    for weight_id in wanted:
        try:
            with watch(weight_id) as progress:
                fetch_weights(weight_id, progress)
            found = weights.find(weight_id)
        except HarnessError as error:
            refused.append(error)
            if len(wanted) > 1:
                print(f"{weight_id}: {error}", file=sys.stderr)
            continue
        size = megabytes(found.path.stat().st_size)
        print(f"{weight_id}: {found.path} ({size})")
        print(f"  sha256 {found.sha256}")
        print(f"  {found.trust}: {weights.TRUST[found.trust]}")
    if refused and len(wanted) == 1:
        raise refused[0]
    if refused:
        fact = f"{len(refused)} of {len(wanted)} files could not be fetched"
        raise BadInput("weights fetch", fact, "The reasons are above; the others are in place.")


def megabytes(count: int) -> str:
    """A number of bytes, readable."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


def state_of(entry: weights.WeightEntry) -> tuple[str, str]:
    """(state, where or why not) of a file in the list."""
    try:
        found = weights.find(entry.id)
    except Unavailable:
        return "absent", entry.file
    except HarnessError as error:
        return "refused", str(error)
    return f"{found.trust}, sha256 {found.sha256}", str(found.path)


def chosen(ids: list[str], metric_ids: list[str]) -> list[str]:
    """Weights ids in the order they were named; `all` is everything that has a download.

    Raises:
        UnknownName: no such weights or metric.
        BadInput: nothing was named, or a metric that needs no weights.

    """
    from metrics import catalog

    wanted: list[str] = []
    for name in ids:
        every = [entry.id for entry in weights.registry().values() if entry.url]
        wanted += every if name == "all" else [weights.entry_of(name).id]
    for name in metric_ids:
        needed = catalog.spec(name).weights
        if not needed:
            raise BadInput(f"--for {name}", "it needs no weights", "Leave it out.")
        wanted += needed
    if not wanted:
        cure = "Name ids from `weights list`, `all`, or --for METRIC."
        raise BadInput("weights fetch", "nothing is named", cure)
    return list(dict.fromkeys(wanted))
