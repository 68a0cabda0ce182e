"""Variances that know the errors, and such that do not."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks.calibration import BINS, Observed, observed
from harness.testing.tiny import tiny_sequence


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_variances_in_the_order_of_errors_correlate_fully(rng):
    error = rng.random((20, 50))
    observed = Observed(1e-3 * error, error)
    assert observed.correlations() == pytest.approx(dict.fromkeys(observed.correlations(), 1.0))
    errors = [error for _, error in observed.bins()]
    assert len(errors) == BINS
    assert errors == sorted(errors)


def test_variances_without_regard_to_errors_do_not(rng):
    observed = Observed(rng.random((200, 50)), rng.random((200, 50)))
    assert abs(observed.correlations()["frames and Gaussians"]) < 0.05


def test_what_is_not_seen_does_not_count(rng):
    error = rng.random((20, 50))
    hidden = np.where(rng.random(error.shape) < 0.3, np.nan, error)
    observed = Observed(np.exp(error), hidden)
    assert observed.correlations()["frames and Gaussians"] == pytest.approx(1.0)
    assert np.isfinite(observed.bins()).all()


class Still:
    """A field that moves nothing, with variances of its own."""

    def __call__(self, conditions):
        return None

    def variance(self, conditions):
        return torch.tensor([1.0, 2.0]).double()


class Painted:
    """A renderer that paints every frame grey, with a face of two Gaussians: left and right."""

    device = "cpu"

    def __init__(self, size):
        self.size, self.face, self.face_field = size, self, Still()
        self.left = torch.zeros(size, size, 1)
        self.left[:, : size // 2] = 1

    def __len__(self):
        return 2

    def features(self, request):
        self.count = request.count
        return SimpleNamespace(conditions=lambda t, device: t)

    def viewpoints(self, request):
        return range(request.count)

    def frame(self, *_):
        shape = (self.size, self.size)
        return SimpleNamespace(rgb=np.full((*shape, 3), 0.5, np.float32), alpha=np.ones(shape))

    def splat_values(self, viewpoint, offsets, values):
        return self.left * values[0] + (1 - self.left) * values[1]


def test_a_gaussians_error_is_that_of_its_pixels_without_the_mouth():
    sequence = tiny_sequence()
    part = sequence.part(sequence.test)
    found = observed(SimpleNamespace(_renderer=Painted(part.height)), part)
    assert found.variance.tolist() == [[1, 2]] * len(part.frames)
    masks, middle = part.signal("masks"), part.width // 2
    for t in range(len(part.frames)):
        error = np.abs(0.5 - part.frames[t] / 255).mean(-1)
        counts = ~masks.region("mouth", t)
        for n, half in enumerate((np.s_[:, :middle], np.s_[:, middle:])):
            expected = error[half][counts[half]].mean()
            assert found.error[t, n] == pytest.approx(expected, abs=1e-6)
