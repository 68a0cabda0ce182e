"""Training of the viseme network, and that the shipped file is what it says."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from harness.lipsync.visemes import OPENING, WEIGHTS, posteriors
from metrics.training.phones import plain, pool, utterances
from metrics.training.visemes import Windows, card, network, principal, right, train

SHARED = Path(__file__).resolve().parents[4] / "shared" / "assets"
CARD = WEIGHTS.with_suffix(".md")


def shipped():
    net = network()
    stored = {name: torch.from_numpy(value).float() for name, value in load_file(WEIGHTS).items()}
    directions = stored.pop("directions")
    net.load_state_dict(stored)
    return net.eval(), directions


def examples(count=6):
    """Noise whose loudest band says which of twelve shapes it is."""
    rng = np.random.default_rng(0)
    found = []
    for size in range(150, 150 + 30 * count, 30):
        shapes = np.repeat(rng.integers(0, 12, size), 10)[:size]
        bands = rng.normal(size=(size, 32)).astype(np.float32)
        bands[np.arange(size), 2 * shapes] += 5
        found.append((bands, shapes))
    return found


def test_the_file_fits_the_network_and_the_shapes():
    net, directions = shipped()
    assert all(torch.isfinite(value).all() for value in net.state_dict().values())
    torch.testing.assert_close(directions @ directions.T, torch.eye(12), atol=2e-3, rtol=0)
    assert sum(value.numel() for value in net.parameters()) == 108_972
    assert net[-1].out_channels == len(OPENING)


def test_the_card_is_what_a_training_writes():
    text = CARD.read_text("utf-8")
    found = dict(re.findall(r"^\| (.+?) \| ([\d.,]+) \|$", text, re.MULTILINE))
    figures = {name: float(value.replace(",", "")) for name, value in found.items()}
    steps, seed = re.search(r"(\d+) steps, seed (\d+)", text).groups()
    assert card(figures, int(seed), int(steps)) == text
    assert figures["frames right of unseen speakers"] > 0.7


def test_windows_lie_within_an_example():
    """Each column knows its example and place; short examples are filled up without a shape."""
    sizes = (5, 12, 20)
    data = [
        (np.tile(100 * i + np.arange(n, dtype=np.float32)[:, None], (1, 32)), np.arange(n))
        for i, n in enumerate(sizes)
    ]
    windows = Windows(data, 8)
    assert len(windows.starts) == 1 + 5 + 13
    torch.manual_seed(0)
    seen, shapes = windows.draw(200)
    assert seen.shape == (200, 32, 8)
    assert shapes.shape == (200, 8)
    known = shapes >= 0
    places = seen[:, 0] % 100
    torch.testing.assert_close(places[known], shapes[known].float())
    assert (~known).sum(1).unique().tolist() == [0, 3]
    whole = seen[known.all(1)][:, 0]
    assert (whole.diff(dim=1) == 1).all()


def test_training_learns():
    data = examples()
    assert right(train(data, steps=25), data) > 0.6


def test_training_repeats_itself():
    one, other = (train(examples(), seed=1, steps=3) for _ in range(2))
    for value, again in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(value, again, rtol=0, atol=0)


def test_principal_directions_are_those_of_all_columns():
    torch.manual_seed(0)
    net, data = network().eval(), examples(3)
    found = principal(net, data)
    with torch.no_grad():
        layers = [net[:2](torch.from_numpy(seen.T[None]))[0].T for seen, _ in data]
    columns = torch.cat(layers).double()
    _, _, rows = np.linalg.svd((columns - columns.mean(0)).numpy(), full_matrices=False)
    for one, other in zip(found.numpy(), rows, strict=False):
        assert abs(one @ other) == pytest.approx(1, abs=1e-3)
        assert one[np.abs(one).argmax()] > 0


@pytest.mark.shared
def test_the_shipped_network_knows_unseen_speakers_disturbed_too():
    speech = SHARED / "speech"
    data = utterances(speech / "emodb", speech / "emodb_labels")
    assert len(data) == 535
    held = [utterance for utterance in data if utterance.held_out][::8]
    net, _ = shipped()
    assert right(net, [plain(one) for one in held]) > 0.68
    assert right(net, pool(held, 1, 0)[1::2]) > 0.62
    scores = net(torch.from_numpy(plain(held[0])[0].T[None]))[0].softmax(0).T
    np.testing.assert_allclose(posteriors(held[0].audio), scores.detach(), atol=1e-4)
