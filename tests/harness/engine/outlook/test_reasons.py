"""Why a cell is computed or reused: sentences of `--verbose`."""

import pytest

from harness.engine.cells.store import Cell, Store
from harness.engine.outlook.reasons import Reasons


def cell(**inputs):
    return Cell("fit", "a method · seed 0", {"code": "c", "options": {"steps": 3}, **inputs})


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path)
    with found.open(cell()):
        pass
    return found


def test_reused(store):
    text = Reasons(store).of(cell())
    assert f"fit {cell().key} is reused from {store.path(cell())}" in text


def test_what_changed_is_named(store):
    text = Reasons(store).of(cell(options={"steps": 4}, seed=1))
    assert text.endswith("is computed: the stored one has another options.steps, seed")


def test_never_computed(store, tmp_path):
    other = Cell("render", "a method · audio", {})
    assert Reasons(store).of(other).endswith(f"is computed: {tmp_path} holds no such cell")


def test_interrupted_and_failed(store):
    torn, failed = cell(seed=1), cell(seed=2)
    store.path(torn).with_suffix(".partial").mkdir()
    record = store.fail(failed, RuntimeError("no luck"))
    assert Reasons(store).of(torn).endswith("an earlier attempt was interrupted")
    assert "is tried again, as it failed before (RuntimeError)" in Reasons(store).of(failed)
    assert record["log"] in Reasons(store).of(failed)
    assert "is left alone" in Reasons(store).of(failed, keep_failed=True)


def test_a_damaged_record_is_no_reason_to_stop(store):
    (store.path(cell()) / "cell.json").write_text("{")
    assert "holds no such cell" in Reasons(store).of(cell(seed=1))
