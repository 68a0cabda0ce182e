"""Frames of more than 8 bits, against the same frames stored with 8."""

from fractions import Fraction

import av
import numpy as np
import pytest

from harness.media.video import probe, read_frames
from splits.prepare.decode import check_shown, shown_frames


def pictures(count=6):
    """Smooth colours that a codec keeps."""
    y, x = np.mgrid[0:64, 0:64]
    return [np.stack([3 * x, 3 * y, 30 * t + 0 * x], -1).astype(np.uint8) for t in range(count)]


def coded(path, pixels):
    """Without loss but for the colour space's."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width = stream.height = 64
        stream.pix_fmt = pixels
        for t, picture in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = t, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv422p10le", "yuv444p10le"])
def test_ten_bits_are_rounded_and_said(tmp_path, pixels):
    deep = coded(tmp_path / "deep.mkv", pixels)
    (note,) = check_shown(deep, probe(deep))
    assert f"its 10 bits a channel ({pixels}) are rounded to 8" in note
    flat = coded(tmp_path / "flat.mkv", pixels.removesuffix("10le"))
    errors = {}
    for name, frames in (("deep", shown_frames(deep, probe(deep))), ("flat", read_frames(flat))):
        pairs = list(zip(frames, pictures(), strict=True))
        assert {frame.dtype for frame, _ in pairs} == {np.dtype(np.uint8)}
        errors[name] = [np.abs(a.astype(int) - b)[4:-4, 4:-4] for a, b in pairs]
    assert np.max(errors["deep"]) <= 2
    assert np.mean(errors["deep"]) < np.mean(errors["flat"])


def test_eight_bits_are_read_as_everywhere(tmp_path):
    flat = coded(tmp_path / "flat.mkv", "yuv420p")
    assert check_shown(flat, probe(flat)) == []
    for ours, theirs in zip(shown_frames(flat, probe(flat)), read_frames(flat), strict=True):
        np.testing.assert_array_equal(ours, theirs)
