import numpy as np

from splits.prepare.geometry import FACE_OVAL, INNER_LIPS, JAW, OUTER_LIPS, head_zone
from splits.prepare.regions import BACKGROUND, CLOTH, FACE, HAIR, MOUTH, NECK, label_regions

SIZE = 200


def drawn_subject():
    """A cartoon of known regions, and the few landmarks that the labelling looks at."""
    landmarks = np.tile([100.0, 90.0], (478, 1))
    turn = np.linspace(-np.pi / 2, 1.5 * np.pi, len(FACE_OVAL), endpoint=False)
    landmarks[FACE_OVAL] = np.stack([100 + 35 * np.cos(turn), 90 + 45 * np.sin(turn)], 1)
    for ring, radius in ((OUTER_LIPS, 10), (INNER_LIPS, 6)):
        around = np.linspace(0, 2 * np.pi, len(ring), endpoint=False)
        landmarks[ring] = np.stack(
            [100 + radius * np.cos(around), 115 + radius * np.sin(around)], 1
        )
    for x, vertices in ((85, (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)),
                        (115, (300, 293, 334, 296, 336, 285, 295, 282, 283, 276))):  # fmt: skip
        for i, vertex in enumerate(vertices):
            landmarks[vertex] = [x - 6 + 3 * (i % 5), 70 + 2 * (i // 5)]
    image = np.full((SIZE, SIZE, 3), (60, 140, 60), np.uint8)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    skin, dark, cloth = (205, 150, 120), (30, 22, 18), (40, 60, 160)
    cap = (columns - 100) ** 2 / 44**2 + (rows - 80) ** 2 / 58**2 < 1
    face = (columns - 100) ** 2 / 36**2 + (rows - 90) ** 2 / 46**2 < 1
    neck = (np.abs(columns - 100) < 18) & (rows > 120) & (rows < 160)
    body = (rows > 155) & (np.abs(columns - 100) < 70)
    hair = cap & ~face & (rows < 90)
    for region, colour in ((body, cloth), (neck, skin), (hair, dark), (face, skin)):
        image[region] = colour
    shadow = neck & ~face & (rows < 142)
    image[shadow] = (70, 48, 40)
    return landmarks, image, face | neck | body | hair, hair, neck, body, shadow


def test_every_region_is_found():
    landmarks, image, subject, hair, neck, body, shadow = drawn_subject()
    labels = label_regions(subject, image, landmarks)
    assert (labels[~subject & (np.indices(subject.shape)[0] > 140)] == BACKGROUND).all()
    assert (labels[hair] == HAIR).mean() > 0.9
    assert (labels[60:85, 80:120] == FACE).all()
    assert labels[115, 100] == MOUTH
    assert (labels[150:154, 86:114] == NECK).all()
    assert (labels[body & ~neck] == CLOTH).all()
    below = shadow & ~head_zone(landmarks, SIZE, SIZE)
    assert below.any()
    assert (labels[below] == NECK).mean() > 0.8, "the jaw's shadow belongs to the neck"


def test_nothing_below_the_jaw_is_head():
    landmarks, image, subject, *_ = drawn_subject()
    labels = label_regions(subject, image, landmarks)
    lowest = landmarks[JAW][:, 1].max()
    assert not np.isin(labels[int(lowest) + 4 :], (FACE, HAIR, MOUTH)).any()


def test_the_head_zone_follows_a_shift():
    landmarks, *_ = drawn_subject()
    moved = head_zone(landmarks + np.array([7, -5]), SIZE, SIZE)
    still = head_zone(landmarks, SIZE, SIZE)
    assert np.array_equal(moved[20:150, 20:150], still[25:155, 13:143])
