import numpy as np
import pytest

from harness.contracts import ActionUnits, BadInput
from harness.media.blendshape_units import MP52_NAMES, UNITS, from_blendshapes
from harness.media.openface import OPENFACE_UNITS, read_openface, read_success, read_table
from splits.prepare.action_units import write_openface_csv

HEAD = ("frame", "face_id", "timestamp", "confidence", "success")
VALUES = np.random.default_rng(0).uniform(0, 5, (6, 17)).round(2)


def lines(values=VALUES, units=OPENFACE_UNITS, success=None, faces=None, frames=None):
    """Header and rows as FeatureExtraction writes them, as lists of cells."""
    success = [1] * len(values) if success is None else success
    faces = [0] * len(values) if faces is None else faces
    frames = range(1, len(values) + 1) if frames is None else frames
    rows = [
        [frame, face, f"{t / 25:.3f}", 0.98, ok, *row]
        for t, (frame, face, ok, row) in enumerate(zip(frames, faces, success, values, strict=True))
    ]
    return [[*HEAD, *(f"{unit}_r" for unit in units)], *rows]


def write(path, content, separator=", "):
    path.write_text("".join(separator.join(map(str, row)) + "\n" for row in content))
    return path


@pytest.mark.parametrize("separator", [", ", ","])
def test_names_with_and_without_the_leading_space(tmp_path, separator):
    read = read_openface(write(tmp_path / "a.csv", lines(), separator))
    assert read.names == OPENFACE_UNITS
    assert read.values.dtype == np.float32
    np.testing.assert_allclose(read.values, VALUES, rtol=1e-6)


def test_any_column_order_and_columns_of_no_interest(tmp_path):
    content = [[*row, extra] for row, extra in zip(lines(), ["AU45_c", *"101011"], strict=True)]
    order = np.random.default_rng(1).permutation(len(content[0]))
    shuffled = [[row[i] for i in order] for row in content]
    read = read_openface(write(tmp_path / "a.csv", shuffled))
    assert read.names == OPENFACE_UNITS
    np.testing.assert_allclose(read.values, VALUES, rtol=1e-6)


def test_failed_frames_are_nan_whatever_stands_in_them(tmp_path):
    content = lines(success=[1, 0, 1, 1, 0, 1])
    content[5][5:] = ["-nan(ind)"] * 17  # what a Windows build writes
    path = write(tmp_path / "a.csv", content)
    read = read_openface(path).values
    assert np.flatnonzero(np.isnan(read).all(1)).tolist() == [1, 4]
    np.testing.assert_allclose(read[[0, 2, 3, 5]], VALUES[[0, 2, 3, 5]], rtol=1e-6)
    assert read_success(read_table(path)).tolist() == [True, False, True, True, False, True]


def test_pictures_without_a_success_column_all_count(tmp_path):
    content = [row[:4] + row[5:] for row in lines()]
    path = write(tmp_path / "a.csv", content)
    assert read_success(read_table(path)).all()
    assert np.isfinite(read_openface(path).values).all()


def test_a_spreadsheets_mark_before_the_first_name(tmp_path):
    path = write(tmp_path / "a.csv", lines())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_openface(path).values) == 6


def test_frames_may_count_from_zero(tmp_path):
    assert len(read_openface(write(tmp_path / "a.csv", lines(frames=range(6)))).values) == 6


def test_what_prepare_writes_is_read(tmp_path):
    units = ActionUnits(VALUES.astype(np.float32), OPENFACE_UNITS)
    write_openface_csv(tmp_path / "a.csv", units, 25)
    np.testing.assert_allclose(read_openface(tmp_path / "a.csv").values, VALUES, atol=1e-4)


def test_missing_units_are_named_exactly(tmp_path):
    units = [u for u in OPENFACE_UNITS if u not in ("AU09", "AU45")]
    path = write(tmp_path / "a.csv", lines(VALUES[:, :15], units))
    with pytest.raises(BadInput, match=r"a\.csv: it lacks AU09_r, AU45_r\."):
        read_openface(path)
    assert read_openface(path, ("AU12",)).values.shape == (6, 1)


def spoil(row, column, cell):
    content = lines()
    content[row][column] = cell
    return content


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ([], "file is empty"),
        ([["frame", "confidence"]], "no AUxx_r column"),
        (lines()[:1], "a header and no rows"),
        ([[*row, row[-1]] for row in lines()], "duplicate column in the header: AU45_r"),
        (lines(faces=[0, 1, 0, 1, 0, 1]), r"2 faces \(face_id 0, 1\)"),
        (lines(frames=[1, 2, 3, 5, 6, 7]), "frame 3 is followed by 5"),
        (lines(frames=[1, 1, 2, 2, 3, 3]), "frame 1 is followed by 1"),
        (lines(frames=range(4, 10)), "first frame is 4, not 0 or 1"),
        (spoil(3, 6, "nan"), "AU02_r in data row 3 is 'nan', not a finite number"),
        (spoil(3, 6, "inf"), "AU02_r in data row 3 is 'inf'"),
        (spoil(3, 6, ""), "AU02_r in data row 3 is ''"),
        (spoil(2, 4, "yes"), "success in data row 2 is 'yes'"),
        (spoil(2, 5, "-0.31"), r"AU01_r in data row 2 is -0\.31, outside 0\.\.5"),
        (spoil(2, 21, "5.2"), r"AU45_r in data row 2 is 5\.2, outside"),
        ([*lines()[:4], lines()[4][:9]], "data row 4 has 9 cells, the header 22"),
    ],
)
def test_what_cannot_be_trusted_is_refused(tmp_path, content, fact):
    with pytest.raises(BadInput, match=fact) as caught:
        read_openface(write(tmp_path / "a.csv", content))
    assert "a.csv" in str(caught.value)


def test_files_that_are_not_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xd8\xff\xe0\x00")
    with pytest.raises(BadInput, match="not a readable CSV"):
        read_openface(tmp_path / "a.csv")
    with pytest.raises(BadInput, match="no such file"):
        read_openface(tmp_path / "none.csv")


def test_rows_beyond_the_count_are_not_looked_at(tmp_path):
    path = write(tmp_path / "a.csv", [*lines(), ["torn"]])
    assert len(read_table(path, 6).rows) == 6
    with pytest.raises(BadInput, match="7 rows for 9 frames"):
        read_table(path, 9)


def test_blendshapes_give_openfaces_units_in_its_order():
    assert UNITS == OPENFACE_UNITS
    assert len(MP52_NAMES) == len(set(MP52_NAMES)) == 52
    shapes = np.random.default_rng(0).uniform(0, 1, (3, 52))
    shapes[1] = np.nan
    units = from_blendshapes(shapes, MP52_NAMES).values
    assert np.isnan(units[1]).all()
    assert np.isfinite(units[[0, 2]]).all()
    left, right = (MP52_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right"))
    expected = 5 * (shapes[0, left] + shapes[0, right]) / 2
    assert units[0, UNITS.index("AU12")] == pytest.approx(expected, rel=1e-6)


def test_blendshape_names_are_mediapipes_own():
    from mediapipe.tasks.python.vision.face_landmarker import Blendshapes

    own = {b.value: b.name.lower().replace("_", "") for b in Blendshapes}
    assert [own[i] for i in range(52)] == [n.lower().strip("_") for n in MP52_NAMES]


def test_time_stamps_of_another_frame_rate_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", lines())
    for fps in (None, 25.0, 25.02):
        assert len(read_openface(path, fps=fps).values) == 6
    for fps in (24.0, 29.97, 50.0):
        with pytest.raises(BadInput, match=f"of 25 frames per second, its video has {fps:g}"):
            read_openface(path, fps=fps)
    images = [lines()[0], *([*row[:2], "0.000", *row[3:]] for row in lines()[1:])]
    assert len(read_openface(write(path, images), fps=30).values) == 6
