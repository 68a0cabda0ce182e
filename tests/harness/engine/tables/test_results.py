"""Facts of columns in the results of a table, and metrics that only pool."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.contracts import Unavailable
from harness.engine.cells.store import Store
from harness.engine.tables.entries import EntryTable
from harness.engine.tables.results import TableResults, code_of, column_facts
from metrics import catalog
from metrics.psnr import PSNR


def test_a_metric_without_its_weights_has_columns_and_no_digest(tmp_path, monkeypatch):
    for name in ("HARNESS_WEIGHTS", "HARNESS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    lacking, ready = catalog.spec("lmd/mp478"), catalog.spec("psnr")
    assert code_of(lacking) == ""
    assert len(code_of(ready)) == 16
    assert set(column_facts([lacking, ready])) >= {"psnr", "lmd/mp478"}


def test_no_metric_of_ours_opens_its_weights_to_pool(tmp_path, monkeypatch):
    for name in ("HARNESS_WEIGHTS", "HARNESS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    table = TableResults(EntryTable(tmp_path), Store(tmp_path), "cpu")
    for spec in catalog.specs().values():
        if spec.weights:
            assert table.metric(spec).spec is spec


class EagerMetric(PSNR):
    """As a plug-in may be: it opens its weights when it is made."""

    def __init__(self, spec, weights, device):
        super().__init__(spec, weights, device)
        weights[spec.weights[0]].read_bytes()


def test_a_plug_in_that_needs_its_weights_to_pool_gets_them_or_says_what_is_gone(
    tmp_path, monkeypatch
):
    for name in ("HARNESS_WEIGHTS", "HARNESS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    needed = catalog.spec("lmd/mp478").weights
    spec = replace(catalog.spec("psnr"), weights=needed, entry=f"{__name__}:EagerMetric")
    table = TableResults(EntryTable(tmp_path), Store(tmp_path), "cpu")
    with pytest.raises(Unavailable, match=needed[0]):
        table.metric(spec)
    monkeypatch.setattr(catalog, "resolve_weights", lambda spec: {needed[0]: Path(__file__)})
    assert type(table.metric(spec)).__name__ == "EagerMetric"
