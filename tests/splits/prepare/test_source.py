import numpy as np
import pytest

from harness.contracts import BadInput
from harness.media.video import write_mp4
from splits.prepare.source import open_source


def grey(count):
    """Frame t has the grey level 4 t, so that it can be told apart after coding."""
    return [np.full((32, 32, 3), 4 * t, np.uint8) for t in range(count)]


def sound(seconds):
    return np.full(round(16_000 * seconds), 0.1, np.float32)


def test_a_good_sequence(tmp_path):
    write_mp4(tmp_path / "a.mp4", grey(30), 25, sound(1.2))
    source = open_source(tmp_path / "a.mp4")
    assert (source.count, source.resampled) == (30, False)
    assert len(source.audio) == 30 * 640
    assert len(list(source.frames())) == 30


@pytest.mark.parametrize("fps", [30, 50, 20])
def test_another_rate_only_by_choice(tmp_path, fps):
    write_mp4(tmp_path / "a.mp4", grey(2 * fps // 2), fps, sound(1.0))
    with pytest.raises(BadInput, match=rf"{fps} frames per second.*--fps 25"):
        open_source(tmp_path / "a.mp4")
    source = open_source(tmp_path / "a.mp4", fps=25)
    assert (source.count, source.resampled) == (25, True)
    levels = np.array([frame.mean() for frame in source.frames()]) / 4
    assert len(levels) == 25
    assert np.abs(levels - np.arange(25) * fps / 25).max() < 1, "the nearest frame in time"


def test_refusals(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        open_source(tmp_path / "none.mp4")
    write_mp4(tmp_path / "silent.mp4", grey(30), 25)
    with pytest.raises(BadInput, match="no audio track"):
        open_source(tmp_path / "silent.mp4")
    write_mp4(tmp_path / "short.mp4", grey(30), 25, sound(0.9))
    with pytest.raises(BadInput, match="more than one frame"):
        open_source(tmp_path / "short.mp4")
    with pytest.raises(BadInput, match="only 25"):
        open_source(tmp_path / "short.mp4", fps=30)
