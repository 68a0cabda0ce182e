"""The one door to experts: names of those that are shipped, and files."""

import numpy as np
import pytest

from harness.contracts import BadInput
from harness.lipsync.visemes import directions
from methods.speech.experts import LIP
from methods.speech.experts.features import expert_features, own_expert

SOUND = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)


def test_each_expert_has_its_features_of_every_frame():
    assert expert_features(SOUND, 25.0, 50, "synthetic").shape == (50, 24)
    found = expert_features(SOUND, 100.0, 200, "speech")
    np.testing.assert_allclose(found, directions(SOUND), atol=1e-5)
    assert expert_features(SOUND, 30.0, 60, "speech").shape == (60, 12)
    assert own_expert("speech", "mp52") is None


def test_a_file_gives_what_its_network_gives():
    by_file = expert_features(SOUND, 25.0, 50, str(LIP))
    np.testing.assert_array_equal(by_file, expert_features(SOUND, 25.0, 50, "synthetic"))
    net = own_expert(str(LIP), "synthetic")
    np.testing.assert_array_equal(by_file, expert_features(SOUND, 25.0, 50, net))


def test_what_is_refused(tmp_path):
    with pytest.raises(BadInput, match="'spech' is unknown"):
        expert_features(SOUND, 25.0, 50, "spech")
    with pytest.raises(BadInput, match=r"from speech to the basis synthetic, and these .* mp52"):
        own_expert(str(LIP), "mp52")
    with pytest.raises(BadInput, match="there is no such file"):
        own_expert(str(tmp_path / "gone.safetensors"), "mp52")
