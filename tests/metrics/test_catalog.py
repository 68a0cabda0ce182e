import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from harness.contracts import MetricSpec, Unavailable, UnknownName
from harness.weights import registry
from metrics import catalog


@pytest.fixture
def plugins(monkeypatch):
    """Pretend that these entry points are installed."""

    def install(**values):
        points = [EntryPoint(name, value, catalog.ENTRY_POINTS) for name, value in values.items()]
        monkeypatch.setattr(catalog, "entry_points", lambda group: points)
        catalog._scan.cache_clear()

    yield install
    monkeypatch.undo()
    catalog._scan.cache_clear()


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


def test_a_plug_in_is_listed_and_a_broken_one_is_reported(plugins, tmp_path, monkeypatch):
    (tmp_path / "their_metric.py").write_text(
        "from harness.contracts import MetricSpec\n"
        "SPECS = (MetricSpec('theirs', 'T', 'their_metric:M', (), 'a paper'),)\n"
        "TAKEN = (MetricSpec('psnr', 'T', 'their_metric:M', (), 'a paper'),)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins(good="their_metric:SPECS", taken="their_metric:TAKEN", absent="no_such_module:SPECS")
    assert {"theirs", "psnr"} <= set(catalog.specs())
    assert catalog.specs()["psnr"].entry == "metrics.psnr:PSNR"
    broken = catalog.broken_plugins()
    assert len(broken) == 2
    assert any("ModuleNotFoundError" in reason for reason in broken.values())
    assert any("is taken" in reason for reason in broken.values())
