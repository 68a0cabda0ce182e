"""Frames are turned as players do, and the record says how colours were decoded."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from harness.contracts import BadInput
from harness.media.pixels import Orientation
from harness.media.video import check_frames, probe, read_frames
from tests.harness.media.encoded import encode, frames

#: Matrix (a, b, c, d) -> where the stored top left corner is shown, and the record's words.
MATRICES = {
    (1, 0, 0, 1): ("top left", ""),
    (-1, 0, 0, -1): ("bottom right", "rotated by 180 degrees clockwise"),
    (0, 1, -1, 0): ("top right", "rotated by 90 degrees clockwise"),
    (0, -1, 1, 0): ("bottom left", "rotated by 270 degrees clockwise"),
    (-1, 0, 0, 1): ("top right", "mirrored left to right"),
    (1, 0, 0, -1): ("bottom left", "mirrored top to bottom"),
    (0, 1, 1, 0): ("top left", "mirrored at a diagonal"),
    (0, -1, -1, 0): ("bottom right", "mirrored at the other diagonal"),
}


def with_matrix(path, matrix):
    """Overwrite the display matrix of the only track."""
    encode(path, frames(3), codec="libx264", pixels="yuv420p", options={"qp": "0"})
    content = path.read_bytes()
    upright = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    a, b, c, d = (round(65536 * value) for value in matrix)
    turned = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    at = content.index(upright, content.index(b"tkhd"))
    path.write_bytes(content[:at] + turned + content[at + len(turned) :])
    return path


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_frame_is_shown_as_its_display_matrix_says(tmp_path, matrix):
    corner, words = MATRICES[matrix]
    path = with_matrix(tmp_path / "a.mp4", matrix)
    info, frame = probe(path), next(read_frames(path))
    assert frame.shape[:2] == (info.height, info.width) == ((64, 48) if matrix[1] else (48, 64))
    assert str(info.orientation) == words
    vertical, horizontal = corner.split()
    y, x = 5 if vertical == "top" else -5, 5 if horizontal == "left" else -5
    assert frame[y, x, 0] > 200
    assert frame[-y, -x, 0] < 200


def test_a_matrix_that_turns_by_less_is_refused(tmp_path):
    with pytest.raises(BadInput, match="turns the picture by less than a quarter"):
        probe(with_matrix(tmp_path / "a.mp4", (0.7071, 0.7071, -0.7071, 0.7071)))


def test_orientations_keep_every_pixel():
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for transposed in (False, True):
        turned = Orientation(transposed, True, True).apply(picture)
        assert sorted(turned.ravel()) == sorted(picture.ravel())
        assert turned.flags.c_contiguous


def test_the_record_says_how_colours_were_decoded(tmp_path):
    for name, tags in (("a", False), ("b", True)):
        with av.open(str(tmp_path / f"{name}.mkv"), "w") as out:
            options = {"colorspace": "bt709", "color_range": "tv"} if tags else {}
            stream = out.add_stream("libx264", rate=25, options={"qp": "0", **options})
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.full((96, 64), 90, np.uint8), format="yuv420p")
            frame.pts, frame.time_base = 0, Fraction(1, 25)
            if tags:
                frame.colorspace = frame.color_range = 1
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    assert probe(tmp_path / "a.mkv").colour == "bt601 assumed, limited assumed range"
    assert probe(tmp_path / "b.mkv").colour == "bt709, limited range"
    encode(tmp_path / "c.mkv", frames(2))
    assert probe(tmp_path / "c.mkv").colour == "rgb"


def test_what_is_not_8_bit_square_and_progressive_is_refused(tmp_path):
    encode(tmp_path / "a.mkv", frames(2), codec="libx264", pixels="yuv420p10le")
    with pytest.raises(BadInput, match=r"10 bits a channel \(yuv420p10le\)"):
        check_frames(tmp_path / "a.mkv", probe(tmp_path / "a.mkv"))
    encode(tmp_path / "b.mkv", frames(2), codec="libx264", pixels="yuv420p",
           options={"x264-params": "tff=1", "flags": "+ilme+ildct"})  # fmt: skip
    with pytest.raises(BadInput, match="interlaced"):
        check_frames(tmp_path / "b.mkv", probe(tmp_path / "b.mkv"))
