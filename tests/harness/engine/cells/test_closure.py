"""Code found by its imports: as an independent graph says, and never less than what is loaded."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from harness.engine.cells import closure
from harness.engine.planning import make_plan
from harness.engine.request import FilesData, FilesRow, Request
from harness.engine.tables import results
from methods import catalog as methods
from metrics import catalog as metrics
from tests import toy_run

OURS = closure.OURS


@pytest.fixture(scope="module")
def graph():
    """The import graph of all our packages, by another implementation.

    It does not know imports by a literal name, so these are added.
    """
    graph = grimp.build_graph(*OURS, cache_dir=None, exclude_type_checking_imports=False)
    for name in graph.modules:
        text = closure.source_of(name).read_text("utf-8")
        for found in re.findall(r"import_module\(\s*[\"']([\w.]+)[\"']", text):
            graph.add_import(importer=name, imported=found)
    return graph


def upstream(graph, entry):
    """A module, all that it can import, and the packages that these lie in."""
    found, pending = set(), [entry.partition(":")[0]]
    while pending:
        name = pending.pop()
        if name in found or name not in graph.modules:
            continue
        found.add(name)
        pending += graph.find_upstream_modules(name)
        pending.append(name.rpartition(".")[0])
    return found


def entries():
    found = [spec.entry for spec in methods.specs().values()]
    found += [spec.entry for spec in metrics.specs().values()]
    return sorted({entry.partition(":")[0] for entry in found})


def test_every_entry_has_the_closure_that_another_implementation_finds(graph):
    for entry in entries():
        assert set(closure.closure(entry)) >= upstream(graph, entry), entry


@pytest.mark.parametrize(
    "entry", ["methods.baselines.nearest_audio.method", "metrics.lmd", "splits.synthetic.corpus"]
)
def test_all_that_an_import_loads_is_in_the_closure(entry):
    program = f"import sys, {entry}; print(*[n for n in sys.modules if n.split('.')[0] in {OURS}])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(closure.closure(entry)) >= set(done.stdout.split())


def test_comments_and_docstrings_are_no_code():
    one = closure.meaning_of('"""Doc."""\n\n\ndef f():\n    """Say."""\n    return 1  # one\n')
    two = closure.meaning_of("def f():\n    return 1\n")
    assert one == two
    assert one != closure.meaning_of("def f():\n    return 2\n")


def test_relative_imports_literals_and_data_files(tmp_path, monkeypatch):
    package = tmp_path / "plug"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "method.py").write_text(
        "import importlib\n\n\ndef f():\n    from .deep import part\n"
        "    return importlib.import_module('plug.named'), part\n"
    )
    (package / "deep" / "__init__.py").write_text("from .. import beside\n")
    (package / "deep" / "part.py").write_text("import harness.contracts.errors\n")
    (package / "beside.py").write_text("")
    (package / "named.py").write_text("import another_package\n")
    (package / "unused.py").write_text("")
    (package / "src").mkdir()
    (package / "src" / "kernel.cpp").write_text("int f();")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    found = set(closure.closure("plug.method:M"))
    assert {
        "plug",
        "plug.method",
        "plug.deep",
        "plug.deep.part",
        "plug.beside",
        "plug.named",
    } <= found
    assert {"harness", "harness.contracts", "harness.contracts.errors"} <= found
    assert "plug.unused" not in found
    before = closure.digest("plug.method")
    (package / "src" / "kernel.cpp").write_text("int g();")
    forget()
    assert closure.digest("plug.method") != before
    with pytest.raises(ModuleNotFoundError, match="no source"):
        closure.closure("plug.absent")


def forget():
    for cached in (closure.closure, closure.digest, closure.source_of, closure._folders):
        cached.cache_clear()


def keys_of(tmp_path):
    """Component -> keys that its code decides, of a plan of methods and one of files."""
    forget()
    plan = toy_run.plan_of(("still", "nearest-audio"), ("psnr", "lmd/synthetic"))
    found: dict[str, str] = {}
    for job in plan.jobs:
        name = job.entry.row.name
        found |= {f"{name} {kind}": key for kind, key in job.entry.cells.items()}
        found |= {f"{name} score {metric}": key for metric, key in job.entry.scores.items()}
    found["aggregation"] = closure.digest(*results.CODE)
    return found


#: What decides a component's key beside the keys that it builds upon.
CODE = {
    "truth": ("harness.engine.cells.archive", "tests.toy_run"),
    "still fit": ("methods.baselines.still.method", "tests.toy_run"),
    "nearest-audio fit": ("methods.baselines.nearest_audio.method", "tests.toy_run"),
    "render": ("harness.engine.work.rendering",),
    "time": ("harness.engine.work.timing", "harness.engine.work.rendering"),
    "score psnr": ("metrics.psnr", "harness.engine.work.scoring"),
    "score lmd/synthetic": ("metrics.lmd", "harness.engine.work.scoring"),
}

#: Component -> what its key contains.
BUILT_ON = {"render": ("fit", "truth"), "time": ("fit", "truth"), "score": ("render",)}


def expected(graph, module):
    """Components whose key an edit in a module must change, after the other implementation."""
    reach = lambda entry: module in upstream(graph, entry)  # noqa: E731
    loader = [entry for entry in upstream(graph, "tests.toy_run") if entry == module]
    changed = set()
    for row in ("still", "nearest-audio"):
        own = {
            "truth": any(map(reach, CODE["truth"])) or bool(loader),
            "fit": any(map(reach, CODE[f"{row} fit"])),
        }
        for kind in ("render", "time"):
            own[kind] = own["fit"] or own["truth"] or any(map(reach, CODE[kind]))
        for metric in ("psnr", "lmd/synthetic"):
            own[f"score {metric}"] = own["render"] or any(map(reach, CODE[f"score {metric}"]))
        changed |= {f"{row} {kind}" for kind, hit in own.items() if hit}
    if any(map(reach, results.CODE)):
        changed.add("aggregation")
    return changed


def test_twenty_edits_change_exactly_the_keys_that_depend_on_them(graph, tmp_path, monkeypatch):
    """Modules drawn from all closures and from outside of them are edited one by one."""
    loader = set(closure.closure("tests.toy_run"))
    before = keys_of(tmp_path)
    pool = sorted(
        {m for entries in CODE.values() for entry in entries for m in closure.closure(entry)}
        | set(closure.closure(results.CODE[0]))
        | {"metrics.fid", "harness.cli.run", "methods.ua3dtalk.spec", "reports.page.board"}
    )
    pool = [module for module in pool if module.partition(".")[0] in OURS]
    drawn = random.Random(9).sample(pool, 20)
    real = closure.computed
    kinds = set()
    for module in drawn:
        path = closure.source_of(module)

        def edited(kind, paths, compute, path=path):
            def read(file):
                if file == path:
                    return compute(Path(copy))
                return compute(file)

            copy = tmp_path / "edited.py"
            copy.write_text(path.read_text("utf-8") + "\nEDITED = True\n")
            if path not in paths:
                return real(kind, paths, compute)
            found = real(kind, [p for p in paths if p != path], compute)
            return {**found, path: read(path)}

        monkeypatch.setattr(closure, "computed", edited)
        after = keys_of(tmp_path)
        monkeypatch.setattr(closure, "computed", real)
        changed = {name for name in before if before[name] != after[name]}
        wanted = expected(graph, module)
        if module in loader:  # the tests' own loader is not in the other graph
            wanted |= {name for name in before if name != "aggregation"}
        assert changed == wanted & set(before), module
        kinds.add(frozenset(changed))
    forget()
    assert len(kinds) > 3, "the edits drawn do not tell the components apart"


def test_files_against_files_follow_the_code_of_the_metric_and_of_the_alignment(tmp_path):
    import numpy as np
    from PIL import Image

    folder = tmp_path / "t"
    folder.mkdir()
    for index in range(3):
        image = np.full((24, 24, 3), 40 * index, np.uint8)
        Image.fromarray(image).save(folder / f"{index:03d}.png")
    request = Request((FilesRow("a", folder),), FilesData(folder, fps=25), ("psnr",))
    plan = make_plan(request)
    (pair,) = plan.jobs[0].units[0].scores
    assert pair[1].inputs["code"] == closure.digest("metrics.psnr")
    assert pair[1].inputs["scoring"] == closure.digest(
        "harness.engine.file_jobs", "harness.engine.work.scoring"
    )
