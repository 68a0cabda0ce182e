"""Archives that were damaged after they were written: named, never scored."""

from __future__ import annotations

import time

import numpy as np
import pytest

from harness.contracts import BadInput
from harness.engine.cells import archive
from tests import toy


@pytest.fixture
def folder(tmp_path):
    archive.write_truth(tmp_path, toy.sequence())
    return tmp_path


def spoil(path, start, stop):
    content = bytearray(path.read_bytes())
    content[int(start * len(content)) : int(stop * len(content))] = b""
    path.write_bytes(bytes(content))


READERS = {
    "frames.zip": lambda folder: archive.open_frames(folder / "frames.zip"),
    "audio.wav": lambda folder: archive.read_audio(folder / "audio.wav"),
    "signals.npz": lambda folder: archive.read_signals(folder, 44),
    "meta.json": archive.read_meta,
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", [None, b"", b"[1]", b"PK\x03\x04 not a zip"])
def test_a_damaged_file_is_named_with_what_to_delete(folder, name, content):
    READERS[name](folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(BadInput, match=name.replace(".", r"\.")) as caught:
        READERS[name](folder)
    assert f"Delete {folder}" in str(caught.value)


def test_a_truncated_frame_archive(folder):
    spoil(folder / "frames.zip", 0.5, 1.0)
    with pytest.raises(BadInput, match=r"frames\.zip"):
        archive.open_frames(folder / "frames.zip")


def test_a_frame_damaged_in_the_middle_is_found_when_it_is_read(folder):
    path = folder / "frames.zip"
    content = bytearray(path.read_bytes())
    middle = content.index(b"000021.png") + 60
    content[middle : middle + 20] = bytes(20)
    path.write_bytes(bytes(content))
    frames = archive.open_frames(path)
    assert np.isfinite(frames[0]).all()
    with pytest.raises(BadInput, match=r"frames\.zip: not a readable"):
        frames[21]


def test_equal_sound_gives_equal_bytes_at_any_time(tmp_path):
    sound = np.random.default_rng(0).normal(size=3000).astype(np.float32) / 9
    archive.write_audio(tmp_path / "a.wav", sound)
    time.sleep(1.1)  # the time stamps of WAV files are of whole seconds
    archive.write_audio(tmp_path / "b.wav", sound)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    np.testing.assert_array_equal(archive.read_audio(tmp_path / "b.wav"), sound)
