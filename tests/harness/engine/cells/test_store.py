"""The cell store: all of a cell or nothing, whatever happens in the middle."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts import BadInput
from harness.engine.cells.store import Cell, Store, canonical_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_key_does_not_depend_on_order(inputs):
    turned = dict(reversed(list(inputs.items())))
    assert Cell("fit", "a", inputs).key == Cell("fit", "b", turned).key


@given(JSON, JSON)
def test_different_inputs_have_different_keys(a, b):
    same = canonical_json(a) == canonical_json(b)
    assert (Cell("fit", "", {"x": a}).key == Cell("fit", "", {"x": b}).key) == same


def test_finished_cell_appears_in_one_step(tmp_path):
    store, cell = Store(tmp_path), Cell("fit", "label", {"a": 1})
    with store.open(cell) as (folder, record):
        (folder / "model").write_text("x")
        record["seconds"] = 1.5
        assert not store.done(cell)
        assert not store.path(cell).exists()
    assert store.done(cell)
    assert store.record(cell)["seconds"] == 1.5
    assert (store.path(cell) / "model").read_text() == "x"


def test_exception_leaves_nothing(tmp_path):
    store, cell = Store(tmp_path), Cell("render", "label", {})
    with pytest.raises(RuntimeError), store.open(cell) as (folder, _):
        (folder / "half").write_text("x")
        raise RuntimeError
    assert not list(tmp_path.rglob("half"))
    assert not store.done(cell)


def test_interrupted_fit_keeps_its_checkpoints(tmp_path):
    store, cell = Store(tmp_path), Cell("fit", "label", {})
    with pytest.raises(KeyboardInterrupt), store.open(cell, keep_partial=True) as (folder, _):
        (folder / "checkpoint").write_text("step 7")
        raise KeyboardInterrupt
    assert not store.done(cell)
    with store.open(cell, keep_partial=True) as (folder, _):
        assert (folder / "checkpoint").read_text() == "step 7"
    assert store.done(cell)


def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path):
    store, cell = Store(tmp_path), Cell("render", "label", {})
    with pytest.raises(BadInput, match="disk is full"), store.open(cell) as (folder, _):
        (folder / "half").write_text("x")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.rglob("half"))


def test_killed_process_leaves_only_a_partial_folder(tmp_path):
    program = textwrap.dedent(
        f"""
        import time
        from pathlib import Path
        from harness.engine.cells.store import Cell, Store
        with Store(Path({str(tmp_path)!r})).open(Cell("render", "", {{}})) as (folder, _):
            (folder / "half").write_text("x")
            print("ready", flush=True)
            time.sleep(60)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline().strip() == "ready"
    child.send_signal(signal.SIGKILL)
    child.wait()
    store, cell = Store(tmp_path), Cell("render", "", {})
    assert not store.done(cell)
    with store.open(cell) as (folder, _):
        assert not (folder / "half").exists()
    assert store.done(cell)
    assert not list(tmp_path.rglob("*.partial"))


def test_failure_is_recorded_and_cleared_by_success(tmp_path):
    store, cell = Store(tmp_path), Cell("score", "label", {})
    record = store.fail(cell, ValueError("no face"))
    assert record["type"] == "ValueError"
    assert len(list(tmp_path.rglob("*.failed.json"))) == 1
    with store.open(cell):
        time.sleep(0)
    assert not list(tmp_path.rglob("*.failed.*"))


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"key": "another"}'])
def test_a_damaged_record_says_what_to_delete(tmp_path, content):
    store, cell = Store(tmp_path), Cell("score", "label", {})
    with store.open(cell):
        pass
    assert store.record(cell)["key"] == cell.key
    (store.path(cell) / "cell.json").write_text(content)
    with pytest.raises(BadInput, match=f"Delete .*{cell.key}"):
        store.record(cell)


def test_full_disk_behind_a_library_error_leaves_nothing(tmp_path):
    store, cell = Store(tmp_path), Cell("render", "label", {})

    def save():
        try:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        except OSError as error:
            raise RuntimeError("writer") from error

    with pytest.raises(BadInput, match="size limit"), store.open(cell):
        save()
    assert not list(tmp_path.rglob("*.partial"))
