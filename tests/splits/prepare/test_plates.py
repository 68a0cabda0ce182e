import numpy as np

from splits.prepare import plates
from splits.prepare.regions import BACKGROUND, CLOTH, FACE, HAIR, NECK


def scene(count=20, size=64):
    """A block that wanders over a static gradient, with its masks and the true background."""
    ramp = np.linspace(20, 200, size, dtype=np.uint8)
    background = np.dstack([np.tile(ramp, (size, 1)), np.tile(ramp[:, None], (1, size)),
                            np.full((size, size), 90, np.uint8)])  # fmt: skip
    frames, subjects = [], []
    for t in range(count):
        subject = np.zeros((size, size), bool)
        subject[20:, 5 + 2 * t % 30 : 20 + 2 * t % 30] = True
        frames.append(np.where(subject[..., None], np.uint8([250, 0, 0]), background))
        subjects.append(subject)
    return np.stack(frames), np.stack(subjects), background


def test_background_is_exact_where_it_was_seen():
    frames, subjects, background = scene()
    plate, seen = plates.background_plate(frames, subjects)
    known = (~np.stack([plates.widen(p) for p in subjects])).sum(0) >= 3
    assert 0.3 < known.mean() < 1.01
    assert seen == known.mean()
    assert np.array_equal(plate[known], background[known])
    assert (np.abs(plate.astype(int) - background) < 60).all(), "in-painted without the subject"


def test_a_subject_who_never_moves_is_painted_over():
    frames, subjects, _ = scene()
    plate, seen = plates.background_plate(frames[[0] * 10], subjects[[0] * 10])
    assert seen < 1
    assert plate[subjects[0]][:, 0].max() < 240


def bust(size=128):
    """Labels of a bust, and an image in which every region has its own colour."""
    labels = np.full((size, size), BACKGROUND, np.uint8)
    labels[90:, 20:108] = CLOTH
    labels[80:90, 50:78] = NECK
    labels[25:80, 40:88] = FACE
    labels[15:25, 40:88] = HAIR
    colours = {BACKGROUND: (40, 120, 40), CLOTH: (200, 30, 30), NECK: (190, 140, 110),
               FACE: (230, 180, 150), HAIR: (10, 10, 10)}  # fmt: skip
    image = np.zeros((size, size, 3), np.uint8)
    for label, colour in colours.items():
        image[labels == label] = colour
    return labels, image


def test_plates_give_back_the_frame_outside_the_head():
    labels, image = bust()
    subject = labels != BACKGROUND
    background = np.full_like(image, (42, 118, 41))
    truth = plates.without_noise(image, subject, background)
    assert np.array_equal(truth[~plates.widen(subject)], background[~plates.widen(subject)])
    assert np.array_equal(truth[subject], image[subject])
    whole = plates.composite(plates.torso_plate(truth, labels, background), background)
    head = plates.widen(np.isin(labels, (FACE, HAIR)))
    assert np.array_equal(whole[~head], truth[~head])


def test_the_neck_goes_on_behind_the_head_and_the_face_is_gone():
    labels, image = bust()
    background = np.full_like(image, (40, 120, 40))
    torso = plates.torso_plate(image, labels, background)
    assert set(np.unique(torso[..., 3])) == {0, 255}
    whole = plates.composite(torso, background).astype(int)
    behind = whole[72:79, 55:73].mean((0, 1))
    assert np.abs(behind - (190, 140, 110)).max() < 30, "neck, a little darker"
    assert behind[0] < 190
    assert np.abs(whole[20:60, 45:83] - (40, 120, 40)).max() <= 1, "no face, no hair"
