"""The lip expert: its features, what the shipped network finds, and that it can be retrained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from methods.speech.experts import training
from methods.speech.experts.lip import (
    lip_basis,
    lip_controls,
    lip_expert,
    log_mels,
)
from splits import performances
from splits.synthetic.controls import CONTROLS


@pytest.fixture(scope="module")
def stranger():
    """A subject that the expert was not trained on, nor held out."""
    return next(performances.synthetic(1, seed=7, frames=330, workers=1))


def test_log_mels_do_not_depend_on_level(stranger):
    mels = log_mels(stranger.audio)
    assert mels.shape == (40, 4 * 330)
    np.testing.assert_allclose(log_mels(0.3 * stranger.audio), mels, atol=1e-4)
    np.testing.assert_allclose(mels.mean(1), 0, atol=1e-4)


def test_it_knows_how_an_unseen_subject_moves(stranger):
    found = lip_controls(stranger.audio, 25.0, 330)
    assert lip_basis() == "synthetic"
    scores = dict(zip(CONTROLS, training.correlations(found, stranger.controls), strict=True))
    assert min(scores[name] for name in ("jaw", "AU25", "AU18")) > 0.8
    wrong = training.correlations(np.roll(found, 12, 0), stranger.controls)
    assert wrong[CONTROLS.index("jaw")] < 0.5


def test_other_frame_rates_and_lengths(stranger):
    at25, at30 = lip_controls(stranger.audio, 25.0, 330), lip_controls(stranger.audio, 30.0, 396)
    assert at30.shape == (396, 24)
    np.testing.assert_allclose(at30[::6][:60], at25[::5][:60], atol=0.05)
    assert lip_controls(stranger.audio[:100], 25.0, 3).shape == (3, 24)


def test_its_size_and_that_it_sees_a_second():
    net = lip_expert()
    assert sum(p.numel() for p in net.parameters()) == 158_712
    mels = torch.randn(1, 40, 400)
    changed = mels.clone()
    changed[..., 200] += 1
    with torch.inference_mode():
        moved = (net(mels) - net(changed)).abs().amax((0, 1)).nonzero().flatten()
    assert moved.min() >= 50 - 12
    assert moved.max() <= 50 + 12


def speaking(seed: int, subject: str, seconds: float = 8.0, fps: float = 25.0):
    """A mouth that opens with the loudness of noise, and a coefficient that never moves."""
    rng = np.random.default_rng(seed)
    count = round(seconds * fps)
    loud = np.abs(np.sin(np.cumsum(rng.uniform(0.1, 0.5, count)) * 25 / fps))
    times = np.arange(round(seconds * 16_000)) / 16_000
    envelope = np.interp(times, (np.arange(count) + 0.5) / fps, loud)
    audio = (0.2 * envelope * rng.normal(size=len(times))).astype(np.float32)
    values = np.stack([loud, 0 * loud], 1).astype(np.float32)
    return training.SpeakingFace(subject, audio, values, fps)


def trained(faces, seed=1, steps=60):
    return training.train(faces, seed, steps, "cpu", lambda *_args, **_values: None)


def test_training_learns_at_any_frame_rate_and_is_deterministic():
    faces = [speaking(0, "a"), speaking(1, "b", fps=30.0)]
    held = [speaking(2, "c", fps=30.0)]
    first, again = trained(faces), trained(faces)
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    scores = training.evaluate(first, held)
    assert scores[0] > 0.8
    assert np.isnan(scores[1])
    late = replace(held[0], values=held[0].values[::-1])
    assert training.evaluate(first, [late])[0] < 0.5


def test_a_trained_expert_is_written_with_its_card(tmp_path):
    faces = [speaking(k, f"s{k}") for k in range(6)]
    net = trained(faces[:5], steps=20)
    out = tmp_path / "lip.safetensors"
    card = training.write_trained(out, net, faces[:5], faces[5:], "mine", ("jaw", "brow"), "So.")
    assert out.with_suffix(".md").read_text() == card
    assert "5 subjects, s0 to s4; 0.7 minutes" in card
    assert "| brow | never moves |" in card
    assert lip_basis(out) == "mine"
    found = lip_controls(faces[5].audio, 25.0, 200, out)
    assert found.shape == (200, 2)
    assert f"| jaw | {training.correlations(found, faces[5].values)[0]:.3f} |" in card
    assert {path.name for path in tmp_path.iterdir()} == {"lip.safetensors", "lip.md"}


def test_a_changed_file_is_read_again(tmp_path):
    faces, out = [speaking(0, "a")], tmp_path / "lip.safetensors"
    found = []
    for seed in (0, 1):
        training.write_trained(out, trained(faces, seed, 2), faces, faces, "b", ("x", "y"), "")
        found.append(lip_controls(faces[0].audio, 25.0, 50, out))
    assert not np.array_equal(*found)


def test_short_sequences_are_refused():
    with pytest.raises(BadInput, match=r"subject a: a sequence of it lasts 0\.8 s"):
        trained([speaking(0, "a", seconds=0.8)])
