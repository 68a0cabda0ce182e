"""Our own baselines and metrics pass the conformance checks that plug-ins can run."""

from __future__ import annotations

import pytest

from harness import testing
from methods import catalog as methods
from metrics import catalog as metrics

TORCH_FREE = ("harness.testing", "methods.baselines.still.spec", "metrics.psnr")


@pytest.mark.parametrize("name", ["ground-truth", "still", "nearest-audio", "shuffled-audio"])
def test_baselines_conform(name, tmp_path):
    testing.check_method(methods.spec(name), testing.tiny_sequence(), tmp_path)


@pytest.mark.parametrize(
    "name", ["psnr", "psnr/regions", "ssim", "ssim/regions", "fps", "e_fid/synthetic"]
)
def test_metrics_conform(name):
    testing.check_metric(metrics.build(name), *testing.tiny_clip())


@pytest.mark.parametrize("module", TORCH_FREE)
def test_specs_and_checks_read_without_torch(module):
    testing.check_spec_reads_without_torch(module)


def test_a_request_names_its_sequence_and_subject():
    sequence = testing.tiny_sequence()
    request = testing.request_of(sequence, methods.spec("still"))
    assert (request.sequence, request.subject) == (sequence.id, sequence.subject)
    assert request.count == len(sequence.test)
