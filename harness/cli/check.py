"""`check`: compare a finished run, and this commit's speed, with a stored baseline."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, stdev
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import AllowLarge
from harness.contracts import BadInput
from harness.storage import make_folder, write_text

if TYPE_CHECKING:
    from harness.gate.check import Finding

DEFAULT = Path("runs/synthetic-mini@1")


def check(
    baseline: Annotated[Path, typer.Option(help="Baseline file.")],
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help=f"Run folder to check; default: {DEFAULT}. With --refresh: five or more run "
            "folders, one seed each."
        ),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Regenerate the baseline instead of checking.")
    ] = False,
    accept_code: Annotated[
        bool,
        typer.Option(
            "--accept-code",
            help="Record the metric code of a run that passes, after a change of code that "
            "changes no value.",
        ),
    ] = False,
    quality: Annotated[bool, typer.Option(help="Check the values of the run.")] = True,
    throughput: Annotated[
        bool, typer.Option(help="Check the speed of this package's kernels.")
    ] = True,
    junit: Annotated[
        Path | None, typer.Option(help="Write the findings to this JUnit XML file.")
    ] = None,
    annotations: Annotated[
        bool, typer.Option("--annotations", help="Also print GitHub workflow annotations.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also show the columns that are ok.")
    ] = False,
    allow_large: AllowLarge = False,
) -> None:
    """Fail if a run is worse than its baseline.

    The exit code is 1 if it is worse, and 2 if they cannot be compared (another protocol, no
    baseline). Throughput is that of this package's fusion, splatting and scoring, measured now;
    use --no-throughput to check a method of your own.
    """
    from harness.gate import baseline as baselines
    from harness.gate import check as checking
    from harness.gate import verdicts
    from reports import stored

    if not quality and not throughput:
        raise BadInput(
            "--no-quality --no-throughput", "nothing is left to check", "Drop one of them."
        )
    if refresh:
        print(write_baseline(baseline, runs or [], quality, throughput))
        return
    if runs and len(runs) > 1:
        raise BadInput("check", f"{len(runs)} run folders are given", "Give one, or --refresh.")
    kept = baselines.read(baseline)
    found: list[Finding] = []
    if quality:
        folder = one_run((runs or [DEFAULT])[0])
        results = stored.read(folder)
        found += checking.quality(kept, results, str(folder), accept_code)
        if accept_code and not checking.failing(found):
            codes = {name: results.columns[name]["code"] for name in kept["code"]}
            write_text(baseline, baselines.text({**kept, "code": codes}))
    if throughput:
        found += speed(kept, baseline)
    print(verdicts.table(found, everything))
    if junit is not None:
        write_text(junit, verdicts.junit(found))
    if annotations:
        for line in verdicts.workflow_commands(found, str(baseline)):
            print(line)
    if checking.failing(found):
        raise typer.Exit(1)


def one_run(path: Path) -> Path:
    """The single run folder at or below a path.

    Raises:
        BadInput: there is none, or there are several.

    """
    from reports import stored

    folders = stored.run_folders(path)
    if len(folders) > 1:
        names = ", ".join(folder.name for folder in folders)
        raise BadInput(path, f"it holds {len(folders)} runs ({names})", "Name one of them.")
    return folders[0]


def speed(kept: Mapping[str, Any], path: Path) -> list[Finding]:
    """Measure the guarded work beside the calibration kernel.

    Raises:
        BadInput: the baseline has no throughput, or ratios to another kernel.

    """
    from harness.gate import calibration, throughput, workloads
    from harness.gate.check import Finding

    rule = throughput.Rule()
    stored = kept.get("throughput")
    cure = "Refresh it, or pass --no-throughput."
    if not stored:
        raise BadInput(path, "it has no throughput", cure)
    here, there = calibration.machine(), stored["machine"]
    if here["kernel"] != there.get("kernel"):
        fact = f"its ratios are to calibration kernel {there.get('kernel')}, not {here['kernel']}"
        raise BadInput(path, fact, cure)
    other = [name for name, value in here.items() if there.get(name) != value]
    limit = rule.limit * (rule.elsewhere if other else 1.0)
    ratios = {name: entry["ratio"] for name, entry in stored["ratios"].items()}
    guarded: dict[str, throughput.Work] = {}

    def build() -> dict[str, throughput.Work]:
        guarded.update(works := workloads.build())
        return works

    with calibration.steady():
        measured = throughput.check(build, calibration.kernel(), ratios, limit, rule)
    found = [
        Finding("throughput", name, "new", "it is not in the baseline")
        for name in guarded
        if name not in ratios
    ]
    for name, ratio in ratios.items():
        what = f"{name}, CPU time relative to the kernel"
        if name not in measured:
            note = "this work is no longer measured"
            found.append(Finding("throughput", what, "gone", note, ratio))
            continue
        now, verdict = measured[name]
        note = f"{now.ratio / ratio:.2f} times, {now.low / ratio:.2f} to {now.high / ratio:.2f}"
        if other:
            note += f"; limit {limit:.2f}: {', '.join(other)} differ from the baseline's machine"
        allowed = (limit - 1) * ratio
        found.append(Finding("throughput", what, verdict, note, ratio, now.ratio, allowed))
    return found


def write_baseline(path: Path, runs: list[Path], quality: bool, throughput: bool) -> str:
    """Write the baseline: quality from runs, ratios from this machine; the other part stays.

    Returns:
        A sentence for the terminal.

    """
    from harness.engine.provenance import provenance
    from harness.gate import baseline as baselines
    from reports import stored

    facts = provenance("cpu") | {"created": datetime.now(UTC).isoformat(timespec="seconds")}
    # A full refresh needs no old file, which may have another format.
    part = not (quality and throughput)
    old = baselines.read(path) if part and (path.exists() or not quality) else {}
    new = dict(old)
    parts = []
    if quality:
        folders = [one_run(run) for run in runs]
        made = [(str(folder), stored.read(folder)) for folder in folders]
        origin = facts | {"runs": [results.provenance for _, results in made]}
        new |= baselines.make(made, origin)
        parts.append(f"{sum(len(row['columns']) for row in new['rows'].values())} columns")
        if names := new["unsteady"]:
            parts[-1] += f" (left out, since some runs lack a value: {', '.join(names)})"
    if throughput:
        new["throughput"] = ratios() | {"provenance": facts}
        parts.append(f"{len(new['throughput']['ratios'])} ratios")
    make_folder(path.parent)
    write_text(path, baselines.text(new))
    return f"{path}: {' and '.join(parts)} written"


def ratios(repeats: int = 7) -> dict[str, Any]:
    """Ratios of the guarded work on this machine: medians over new builds of it.

    Load raises a ratio somewhat (the work misses its caches more often than the kernel):
    refresh on an idle machine, or slowdowns are detected later than they could be.
    """
    from harness.gate import calibration, throughput, workloads

    with calibration.steady():
        kernel = calibration.kernel()
        found = [throughput.measure(workloads.build(), kernel) for _ in range(repeats)]
    return {
        "machine": calibration.machine(),
        "load": os.getloadavg()[0],
        "ratios": {
            name: {
                "ratio": median(one[name].ratio for one in found),
                "spread": stdev(one[name].ratio for one in found),
                "n": repeats,
            }
            for name in found[0]
        },
    }
