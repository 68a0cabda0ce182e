"""Training of the viseme network, and that the shipped file is what it says."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from harness.lipsync.visemes import OPENING, WEIGHTS
from metrics.training.visemes import PHONES, network, shape_of, targets, train, utterances

SHARED = Path(__file__).resolve().parents[4] / "shared" / "assets"
EMODB = "speech/emodb", "speech/emodb_labels"


def test_the_file_fits_the_network_and_the_shapes():
    stored = load_file(WEIGHTS)
    own = {name: tuple(value.shape) for name, value in network().state_dict().items()}
    assert {name: value.shape for name, value in stored.items()} == own
    assert list(PHONES) == list(OPENING)
    assert all(np.isfinite(value).all() for value in stored.values())
    assert "frames right of unseen speakers | 0.5" in WEIGHTS.with_suffix(".md").read_text("utf-8")


@pytest.mark.parametrize(
    ("label", "before", "shape"),
    [
        ("p", None, "p b m"),
        ("!p", None, "p b m"),
        ("_b", None, "p b m"),
        ("tasp", None, "t d n l"),
        (".", 3, "silence"),
        ("-sth", 9, "ah"),
        ("", 9, "ah"),
        ("aI", None, "ah"),
        ("S", None, "sh"),
        ("6", None, "eh"),
        ("+lar", None, None),
    ],
)
def test_labels_become_mouth_shapes(label, before, shape):
    found = shape_of(label, before)
    assert (None if found is None else list(PHONES)[found]) == shape


def test_segments_end_where_their_line_says(tmp_path):
    path = tmp_path / "a.lablaut"
    path.write_text("signal a\nnfields 1\n#\n 0.05 -1 m\n 0.10 -1 a\t+nas\n 0.12 -1 \t-sth\n")
    assert targets(path, 14).tolist() == [1] * 5 + [9] * 7 + [-1] * 2


@pytest.mark.shared
def test_two_passes_over_a_few_speakers_are_far_above_chance():
    speech, labels = (SHARED / part for part in EMODB)
    data = utterances(speech, labels)
    assert len(data) == 535
    some = {name: pair for name, pair in data.items() if name[2:5] in ("a01", "a02")}
    _, figures = train(some, epochs=2)
    assert figures["frames_right_of_unseen_speakers"] > 0.3  # of twelve shapes
