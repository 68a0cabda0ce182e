import csv

import numpy as np

from splits.prepare.action_units import UNITS, from_blendshapes, write_openface_csv

SHAPES = (
    "_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff "
    "cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeSquintLeft eyeSquintRight "
    "eyeWideLeft eyeWideRight jawOpen mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft "
    "mouthFrownRight mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight "
    "mouthShrugLower mouthSmileLeft mouthSmileRight mouthStretchLeft mouthStretchRight "
    "mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight"
)
NAMES = SHAPES.split()


def units_of(**shapes):
    values = np.zeros((1, len(NAMES)), np.float32)
    for name, value in shapes.items():
        values[0, NAMES.index(name)] = value
    units = from_blendshapes(values, NAMES)
    return {n: float(v) for n, v in zip(units.names, units.values[0], strict=True) if v}


def test_shapes_drive_their_units_only():
    assert units_of() == {}
    assert units_of(eyeBlinkLeft=1, eyeBlinkRight=1) == {"AU45": 5.0}
    assert units_of(eyeBlinkLeft=1) == {"AU45": 2.5}
    assert units_of(browInnerUp=0.4) == {"AU01": 2.0}
    assert units_of(mouthSmileLeft=0.6, mouthSmileRight=0.6)["AU12"] == np.float32(3.0)


def test_lips_part_with_the_jaw_unless_pressed_together():
    assert units_of(jawOpen=0.8) == {"AU25": 4.0, "AU26": 4.0}
    assert "AU25" not in units_of(jawOpen=0.8, mouthClose=0.8)


def test_range_and_file(tmp_path):
    values = np.random.default_rng(0).uniform(0, 1, (7, len(NAMES)))
    units = from_blendshapes(values, NAMES)
    assert units.values.min() >= 0
    assert units.values.max() <= 5
    write_openface_csv(tmp_path / "au.csv", units, 25)
    with (tmp_path / "au.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert rows[3]["frame"] == "4"
    assert rows[3][" timestamp"].strip() == "0.120"
    read = np.array([[float(row[f" {name}_r"]) for name in UNITS] for row in rows])
    assert np.abs(read - units.values).max() < 1e-4
