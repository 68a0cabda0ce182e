import subprocess
import sys
from dataclasses import asdict

import pytest

from harness.contracts import BadInput, UnknownName
from methods.ua3dtalk.priors.config import PRESETS, PriorConfig


def test_presets_are_restored_from_plain_values():
    for name, config in PRESETS.items():
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()}
        assert PriorConfig.of(values) == PRESETS[name]


def test_unknown_names_and_choices_are_refused():
    with pytest.raises(UnknownName, match="style_steps"):
        PriorConfig.of({"style_step": 3})
    with pytest.raises(UnknownName, match="quick"):
        PriorConfig.of({}, "quik")
    with pytest.raises(BadInput, match="recon_loss"):
        PriorConfig.of({"recon_loss": "huber"})
    with pytest.raises(BadInput, match="folds"):
        PriorConfig.of({"folds": 2})


def test_configuration_reads_without_torch():
    code = (
        "import sys, methods.ua3dtalk.config as c; c.Settings.of({}); exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
