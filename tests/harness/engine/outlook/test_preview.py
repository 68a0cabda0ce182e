"""A plan beside its folder: counted by row and work, and refused as the engine would."""

import os

import pytest

from harness.contracts import BadInput
from harness.engine.outlook.preview import check_writable, preview
from tests.toy_run import Broken, plan_of, register, run


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))


def seen(out, *names, **options):
    found = preview(plan_of(*names), out, out, "cpu", **options)
    return found, {(work.row, work.drive, work.kind): work for work in found.works}


def test_before_everything_is_to_do_and_unknown(tmp_path):
    out = tmp_path / "runs" / "toy"
    found, works = seen(out, ("still",))
    assert not (tmp_path / "runs").exists()
    assert (found.finished, found.unknown, found.seconds) == (0, found.todo, 0)
    assert works.keys() >= {
        ("all rows", "", "truth"),
        ("still", "", "fit"),
        ("still", "audio", "render"),
        ("still", "audio", "score"),
    }
    assert all((work.todo, work.finished, work.last) == (1, 0, []) for work in works.values())


def test_after_a_run_everything_is_finished_and_its_time_known(tmp_path):
    run(tmp_path, ("still",))
    before = sorted(tmp_path.rglob("*"))
    found, works = seen(tmp_path, ("still",))
    assert found.todo == 0
    assert all(work.finished and work.last for work in works.values())
    more, works = seen(tmp_path, ("still", "ground-truth"))
    assert works["all rows", "", "truth"].finished == 1
    assert works["ground-truth", "", "fit"].todo == 1
    assert more.unknown == more.todo - 1  # scores of the same metrics have run
    assert sorted(tmp_path.rglob("*")) == before


def test_failures_are_retried_or_left(tmp_path, monkeypatch):
    register(monkeypatch, "broken", Broken)
    run(tmp_path, ("broken",))
    _, works = seen(tmp_path, ("broken",))
    render = works["broken", "audio", "render"]
    assert (render.todo, render.retried, render.left) == (1, 1, 0)
    _, works = seen(tmp_path, ("broken",), keep_failed=True)
    render = works["broken", "audio", "render"]
    assert (render.todo, render.left) == (0, 1)


def test_what_the_engine_refuses_is_refused(tmp_path):
    run(tmp_path, ("still",))
    other = plan_of(("still",))
    object.__setattr__(other.table, "split", "other@1")
    with pytest.raises(BadInput, match="it holds a table of toy@1, and this is other@1"):
        preview(other, tmp_path, tmp_path, "cpu")
    preview(other, tmp_path, tmp_path, "cpu", fresh=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is a file, and a folder is needed there"):
        check_writable(tmp_path / "file" / "runs")


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(BadInput, match="cannot be written to"):
        check_writable(tmp_path / "runs" / "toy@1")
