"""The digest of a folder's content, and gaps among its frames."""

import os
import time

import numpy as np
import pytest

from harness.contracts import BadInput
from splits.er_nerf import digest_of, load, manifest_of
from tests.splits.er_nerf.conftest import COUNT, SIZE


def read(folder):
    manifest = manifest_of(folder)
    return load(manifest, manifest.sequences[0])


def rewritten(folder, name):
    """The file's content changed in one byte, at equal size and modification time."""
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    stamp = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))


@pytest.fixture
def full(folder):
    """With everything that external trainers read beside what this loader reads."""
    (folder / "teeth_mask").mkdir()
    for t in range(COUNT):
        np.save(folder / "teeth_mask" / f"{t}.npy", np.zeros((SIZE, SIZE), bool))
    for name in ("aud_hu.npy", "aud_ave.npy", "bs.npy"):
        np.save(folder / name, np.zeros((COUNT, 52)))
    for name in ("track_params.pt", "train_auds_exp.pth", "bg/0.bin"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"anything")
    return folder


@pytest.mark.parametrize(
    "name",
    ["gt_imgs/9.jpg", "ori_imgs/9.jpg", "ori_imgs/9.lms", "parsing/9.png", "torso_imgs/9.png",
     "teeth_mask/9.npy", "aud.wav", "aud_ds.npy", "aud_hu.npy", "aud_ave.npy", "bs.npy", "au.csv",
     "bc.jpg", "track_params.pt", "train_auds_exp.pth", "transforms_val.json", "bg/0.bin"],
)  # fmt: skip
def test_every_file_is_in_the_digest(full, name):
    before = digest_of(full)
    assert digest_of(full) == before
    rewritten(full, name)
    changed = digest_of(full)
    assert changed != before
    (full / name).unlink()
    assert digest_of(full) not in (before, changed)


def test_what_editors_and_systems_leave_is_not(full):
    before = digest_of(full)
    for name in (".DS_Store", "au.csv~", "#au.csv#", ".au.csv.swp", "Thumbs.db", "gt_imgs/._0.jpg",
                 ".git/HEAD", "__pycache__/a.pyc"):  # fmt: skip
        (full / name).parent.mkdir(exist_ok=True)
        (full / name).write_text("left")
    assert digest_of(full) == before


def test_names_count_and_links_are_followed_once(full, tmp_path):
    before = digest_of(full)
    (full / "bs.npy").rename(full / "bs2.npy")
    renamed = digest_of(full)
    assert renamed != before
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_text("1")
    (full / "linked").symlink_to(tmp_path / "elsewhere")
    (full / "round").symlink_to(full)
    linked = digest_of(full)
    assert linked != renamed
    (tmp_path / "elsewhere" / "x").write_text("22")
    assert digest_of(full) != linked
    os.mkfifo(full / "pipe")
    digest_of(full)
    (full / "broken").symlink_to(tmp_path / "none")
    with pytest.raises(BadInput, match="broken: cannot be read"):
        digest_of(full)


def test_a_second_digest_of_thousands_of_files_is_quick(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    frames = tmp_path / "many" / "gt_imgs"
    frames.mkdir(parents=True)
    for t in range(2000):
        (frames / f"{t}.jpg").write_bytes(t.to_bytes(2) * 50)
        os.utime(frames / f"{t}.jpg", (1e9, 1e9))
    first = digest_of(tmp_path / "many")
    begin = time.process_time()
    assert digest_of(tmp_path / "many") == first
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    ("name", "count"),
    [("gt_imgs/{}.jpg", 3), ("parsing/{}.png", 1), ("torso_imgs/{}.png", 2),
     ("ori_imgs/{}.lms", 1), ("ori_imgs/{}.jpg", 1), ("teeth_mask/{}.npy", 4)],
)  # fmt: skip
def test_a_gap_is_found_when_the_split_is_opened(full, name, count):
    for t in range(7, 7 + count):
        (full / name.format(t)).unlink()
    with pytest.raises(BadInput) as caught:
        read(full)
    assert f"{name.format(7)}: no such file ({count} of {COUNT} missing)" in str(caught.value)


def test_a_folder_without_a_kind_of_file_lacks_the_signal(full):
    for t in range(COUNT):
        (full / f"torso_imgs/{t}.png").unlink()
        (full / f"ori_imgs/{t}.lms").unlink()
    sequence = read(full)
    assert not sequence.has("plate")
    assert not sequence.has("landmarks")
    assert sequence.has("masks")


def test_lossless_frames_take_the_place_of_jpeg(full):
    for t in range(COUNT):
        (full / f"gt_imgs/{t}.jpg").rename(full / f"gt_imgs/{t}.png")
    assert len(read(full).frames) == COUNT
    (full / "gt_imgs/3.png").rename(full / "gt_imgs/3.jpg")
    assert len(read(full).frames) == COUNT
