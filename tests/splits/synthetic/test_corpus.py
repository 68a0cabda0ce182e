from dataclasses import replace

import numpy as np
import pytest

from harness.contracts import MASK_BITS, SIGNALS, BadInput, SequenceEntry, SplitManifest
from splits.catalog import manifest
from splits.synthetic import corpus
from splits.synthetic.controls import ACTION_UNITS, CONTROLS

ENTRY = SequenceEntry(
    "one", "somebody", options={"identity": 2, "seed": 3, "frames": 110, "test_emotions": 2}
)
SPLIT = SplitManifest(
    id="tiny",
    version=1,
    loader="synthetic",
    domain="synthetic",
    fps=25.0,
    resolution=(40, 48),
    sequences=(ENTRY,),
    licence="CC0-1.0",
    source="",
    protocol="",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("HARNESS_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def sequence(cache):
    return corpus.load(SPLIT, ENTRY, workers=2)


def test_parts(sequence):
    assert (sequence.train, sequence.test) == (range(100), range(100, 110))
    assert (sequence.height, sequence.width, sequence.fps) == (40, 48, 25.0)
    assert sequence.audio.shape == (110 * 640,)
    assert sequence.domain == "synthetic"
    assert len(sequence.digest) == 64


def test_every_signal_is_there_and_fits(sequence):
    shapes = {
        "camera": lambda s: s.world_to_camera.shape == (110, 4, 4) and s.K.shape == (110, 3, 3),
        "masks": lambda s: s.bits.shape == (110, 40, 48) and s.bits.dtype == np.uint8,
        "plate": lambda s: (s.count, s.height, s.width) == (110, 40, 48),
        "landmarks": lambda s: s.shape == (110, 68, 2) and s.dtype == np.float32,
        "expression": lambda s: s.values.shape == (110, len(CONTROLS)) and s.basis == "synthetic",
        "au": lambda s: s.values.shape == (110, 20) and s.names == ACTION_UNITS,
        "emotion": lambda s: s.labels.shape == s.intensity.shape == (110,),
        "vertices": lambda s: s.ndim == 3 and s.shape[0] == 110 and s.shape[2] == 3,
    }
    assert set(shapes) <= set(SIGNALS)
    for name, fits in shapes.items():
        assert fits(sequence.signal(name)), name
        assert fits != shapes or sequence.part(sequence.test).signal(name) is not None


def test_the_test_part_alone(sequence):
    part = sequence.part(sequence.test)
    assert len(part.frames) == 10
    np.testing.assert_array_equal(part.frames[0], sequence.frames[100])
    np.testing.assert_array_equal(part.signal("landmarks"), sequence.signal("landmarks")[100:])
    assert len(part.audio) == 6400


def test_the_plate_is_the_frame_without_the_head(sequence):
    bits = sequence.signal("masks").bits
    for t in (0, 57, 109):
        outside = (bits[t] & MASK_BITS["head"]) == 0
        frame, plate = sequence.frames[t].astype(int), sequence.signal("plate")[t].astype(int)
        assert 0.1 < outside.mean() < 0.9
        # Pixels on the rim mix head and background.
        assert (np.abs(frame - plate)[outside].max(axis=-1) <= 8).mean() > 0.95
        assert np.abs(frame - plate)[~outside].mean() > 8


def test_landmarks_lie_on_the_head(sequence):
    landmarks = sequence.signal("landmarks")
    bits = np.pad(sequence.signal("masks").bits, ((0, 0), (1, 1), (1, 1)), mode="edge")
    for t in (0, 109):
        column, row = np.floor(landmarks[t]).astype(int).T
        inside = [
            (bits[t, r : r + 3, c : c + 3] & MASK_BITS["head"]).any()
            for r, c in zip(row, column, strict=True)
        ]
        assert np.mean(inside) > 0.9


def test_vertices_project_onto_landmarks_range(sequence):
    """Cameras, vertices and landmarks are of one world: the face projects where it is seen."""
    camera = sequence.signal("camera")
    vertices = sequence.signal("vertices")[5]
    view = vertices @ camera.world_to_camera[5][:3, :3].T + camera.world_to_camera[5][:3, 3]
    pixels = (view @ camera.K[5].T)[:, :2] / view[:, 2:]
    landmarks = sequence.signal("landmarks")[5]
    assert (view[:, 2] > 0).all()
    nearest = np.linalg.norm(pixels[None] - landmarks[:, None], axis=-1).min(axis=1)
    assert nearest.max() < 1.0


def test_expression_is_the_controls_in_comparable_units(sequence):
    expression = sequence.signal("expression").values
    au = sequence.signal("au").values
    np.testing.assert_allclose(expression[:, :20] * 5.0, au, rtol=1e-5, atol=1e-6)
    assert 0.3 < np.abs(expression).max() <= 1.05


def test_open_mouths_are_seen(sequence):
    """The image obeys the controls: lips part in the landmarks as AU25 and jaw say."""
    landmarks = sequence.signal("landmarks")
    gap = landmarks[:, 66, 1] - landmarks[:, 62, 1]
    jaw = sequence.signal("expression").values[:, CONTROLS.index("jaw")]
    assert np.corrcoef(gap, jaw)[0, 1] > 0.8


def test_a_second_load_is_the_same_sequence(sequence):
    again = corpus.load(SPLIT, ENTRY)
    assert again.digest == sequence.digest
    np.testing.assert_array_equal(again.frames[17], sequence.frames[17])


def test_single_emotion_entries(cache):
    options = {"identity": 2, "seed": 4, "frames": 22, "schedule": "single"}
    entry = SequenceEntry("sad", "somebody", "sad", 3, options)
    loaded = corpus.load(replace(SPLIT, resolution=(32, 32)), entry, workers=1)
    track = loaded.signal("emotion")
    assert set(track.labels) == {6}
    assert set(track.intensity) == {3}
    assert loaded.emotion == "sad"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 1, "frames": 110}, "option 'identity'"),
        ({"identity": 1, "seed": 1, "frames": 5}, "option 'frames'"),
        ({"identity": 1, "seed": 1, "frames": 88}, "less than 0.4 s"),
        ({"identity": 1, "seed": 1, "frames": 110, "hair": "red"}, "option 'hair'"),
        (
            {"identity": 1, "seed": 1, "frames": 110, "schedule": "single"},
            "the corpus has no emotion",
        ),
    ],
)
def test_bad_options_are_named(options, said):
    with pytest.raises(BadInput, match=said):
        corpus.recipe(SPLIT, replace(ENTRY, options=options))


def test_train_frames_round_down():
    assert corpus.train_frames(1100, 10 / 11) == 1000
    assert corpus.train_frames(330, 10 / 11) == 300
    assert corpus.train_frames(100, 10 / 11) == 90


def test_shipped_splits_test_enough_and_other_subjects_train():
    mini = manifest("synthetic-mini@1")
    wanted = corpus.recipe(mini, mini.sequences[0])
    acted = wanted.perform()
    count = len(acted.controls)
    train = corpus.train_frames(count, mini.train_fraction)
    assert count - train >= 80
    assert len(set(acted.labels[:train])) == 8
    assert len(set(acted.labels[train:])) >= 3
    for split in (mini, manifest("synthetic@1")):
        for entry in split.sequences:
            assert corpus.recipe(split, entry).identity < corpus.FIRST_TRAINING_IDENTITY


def test_training_sequences_are_of_other_subjects(cache):
    before = set((cache / "synthetic").iterdir())
    subjects = corpus.training_sequences(3, (32, 32), seed=1, frames=110, workers=1)
    subject = next(subjects)
    assert subject.subject == "person-1100"
    assert subject.domain == "synthetic"
    assert subject.frames.stack(range(2)).shape == (2, 32, 32, 3)
    drawn = {p for p in set((cache / "synthetic").iterdir()) - before if p.is_dir()}
    assert len(drawn) == 1  # the others wait until they are asked for
