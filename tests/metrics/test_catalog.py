import subprocess
import sys

import pytest

from harness.contracts import MetricSpec, Unavailable, UnknownName
from harness.weights import registry
from metrics import catalog


def test_listing_imports_no_torch():
    code = (
        "import sys; from metrics import catalog; assert catalog.specs();"
        "bad = {'torch', 'mediapipe', 'scipy', 'torchmetrics'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_spec_is_whole():
    columns = {}
    for metric_id, spec in catalog.specs().items():
        assert metric_id == spec.id
        assert spec.reference
        assert spec.title
        assert spec.domain in {"any", "photo", "synthetic"}
        for weight in spec.weights:
            assert weight in registry(), weight
        for column in spec.columns:
            assert column.direction in {"up", "down", "none"}
            assert column.name not in columns, f"{column.name} is in {columns.get(column.name)} too"
            columns[column.name] = metric_id


def test_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownName, match="'psnr'"):
        catalog.spec("pnsr")


def test_missing_weights_make_a_metric_unavailable(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.delenv("HARNESS_WEIGHTS", raising=False)
    spec = MetricSpec("x", "X", "metrics.psnr:PSNR", (), "none", weights=("syncnet",))
    with pytest.raises(Unavailable, match="weights fetch syncnet"):
        catalog.build(spec)


def test_missing_package_makes_a_metric_unavailable():
    spec = MetricSpec("x", "X", "metrics.psnr:PSNR", (), "none", packages=("no_such_package",))
    with pytest.raises(Unavailable, match="no_such_package"):
        catalog.build(spec)
