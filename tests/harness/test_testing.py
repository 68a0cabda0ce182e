"""Our own baselines and metrics pass the conformance checks that plug-ins can run."""

from __future__ import annotations

import numpy as np
import pytest

from harness import testing
from harness.contracts import Clip
from methods import catalog as methods
from metrics import catalog as metrics
from tests import toy


@pytest.mark.parametrize("name", ["ground-truth", "still", "nearest-audio", "shuffled-audio"])
def test_baselines_conform(name, tmp_path):
    testing.check_method(methods.spec(name), toy.sequence(66), tmp_path)


@pytest.mark.parametrize("name", ["psnr", "ssim"])
def test_metrics_conform(name):
    part = toy.sequence(44).part(range(12))
    truth = part.frames.stack(range(12))
    noise = np.random.default_rng(0).integers(-9, 9, truth.shape)
    prediction = np.clip(truth.astype(int) + noise, 0, 255).astype(np.uint8)
    signals = {"masks": part.signal("masks"), "landmarks": part.signal("landmarks")}
    clip = Clip("a", part.fps, 12, part.height, part.width, part.audio, signals=signals)
    testing.check_metric(metrics.build(name), clip, prediction, truth)


@pytest.mark.parametrize("module", ["methods.baselines.still.spec", "metrics.psnr"])
def test_specs_read_without_torch(module):
    testing.check_spec_reads_without_torch(module)
