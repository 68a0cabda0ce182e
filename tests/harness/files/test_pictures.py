import numpy as np
import pytest
from PIL import Image

from harness.contracts import BadInput
from harness.files import limits
from harness.files.pictures import frame_size, numbered, picture_of, read_frame, read_picture

CORNER = np.zeros((8, 12, 3), np.uint8)
CORNER[:3, :4] = 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_frame_is_turned_as_its_exif_orientation_says(tmp_path, orientation):
    image = Image.fromarray(CORNER)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    frame = read_frame(tmp_path / "a.png")
    assert frame.shape[:2] == frame_size(tmp_path / "a.png")
    assert frame.shape[:2] == ((12, 8) if orientation > 4 else (8, 12))
    # EXIF 2.3, tag 274: where row 0 and column 0 of the stored image are shown.
    shown = {1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left",
             5: "top left", 6: "top right", 7: "bottom right", 8: "bottom left"}  # fmt: skip
    vertical, horizontal = shown[orientation].split()
    y, x = 0 if vertical == "top" else -1, 0 if horizontal == "left" else -1
    assert frame[y, x, 0] == 255
    assert frame[-1 - y, -1 - x, 0] == 0


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "I;16", "CMYK"])
def test_a_frame_is_8_bit_rgb(tmp_path, mode):
    name = "a.jpg" if mode == "CMYK" else "a.png"
    Image.new(mode, (4, 4)).save(tmp_path / name)
    for read in (read_frame, frame_size):
        with pytest.raises(BadInput, match="not 8-bit RGB"):
            read(tmp_path / name)


def test_a_colour_that_means_transparent_is_refused(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", transparency=(0, 0, 0))
    with pytest.raises(BadInput, match="one of its colours is transparent"):
        read_frame(tmp_path / "a.png")


def test_a_large_picture_is_refused_by_its_header(tmp_path, monkeypatch):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    monkeypatch.setitem(limits.LIMITS, "picture", (1000, "pixels"))
    for read in (read_frame, frame_size, read_picture):
        with pytest.raises(BadInput, match="it has 1,200 pixels"):
            read(tmp_path / "a.png")
    with pytest.raises(BadInput, match="it has 1,200 pixels"):
        picture_of((tmp_path / "a.png").read_bytes(), tmp_path / "a.zip")


def test_numbers_are_consecutive_and_kept(tmp_path):
    for number in (7, 8, 9):
        Image.new("RGB", (4, 4)).save(tmp_path / f"frame_{number:03d}.png")
    assert list(numbered(tmp_path)) == [7, 8, 9]
    (tmp_path / "frame_008.png").unlink()
    with pytest.raises(BadInput, match="image 7 is followed by 9"):
        numbered(tmp_path)
