"""Re-encoding moves every column as docs/measured.json says."""

import numpy as np
import pytest

from benchmarks import codec, measured
from metrics import catalog

#: How far a value may be from the documented one, as a share of it: another processor rounds
#: MediaPipe's network otherwise, and landmarks decide half of the columns.
SHARE, FLOOR = 0.05, 2e-3


def test_the_middle_square_keeps_the_middle():
    frame = np.zeros((40, 60, 3), np.uint8)
    frame[:, 10:50] = 200
    assert codec.square(frame, 20).shape == (20, 20, 3)
    assert (codec.square(frame, 20) == 200).all()
    assert (codec.square(frame[:, :50], 20)[:, 0] < 200).all()


@pytest.mark.shared
def test_reencoding_moves_each_column_as_documented(tmp_path):
    table = measured.read()["codec"]
    known = set(table["values"][codec.LOSSLESS])
    names = tuple(
        name
        for name, spec in catalog.specs().items()
        if {column.name for column in spec.columns} & known
    )
    now = codec.score(tmp_path, table["frames"], names)
    assert list(now) == list(table["values"])
    for row, columns in table["values"].items():
        for name, value in columns.items():
            assert now[row][name] == pytest.approx(value, rel=SHARE, abs=FLOOR), (row, name)


def test_the_documented_values_fall_with_the_quality():
    values = list(measured.read()["codec"]["values"].values())
    for name, sign in (("psnr", -1), ("ssim/torchmetrics", -1), ("lmd/mp478", 1), ("tof", 1)):
        series = [sign * row[name] for row in values]
        assert series == sorted(series), name
        assert len(set(series)) == len(series), name
