"""Facts of columns in the results of a table."""

from harness.engine.tables.results import code_of, column_facts
from metrics import catalog


def test_a_metric_without_its_weights_has_columns_and_no_digest(tmp_path, monkeypatch):
    for name in ("HARNESS_WEIGHTS", "HARNESS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    lacking, ready = catalog.spec("lmd/mp478"), catalog.spec("psnr")
    assert code_of(lacking) == ""
    assert len(code_of(ready)) == 16
    assert set(column_facts([lacking, ready])) >= {"psnr", "lmd/mp478"}
