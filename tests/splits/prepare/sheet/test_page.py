"""The contact sheet of a folder made by hand."""

import numpy as np
import pytest

from harness.files.pictures import read_picture
from splits.prepare import layout
from splits.prepare.plates import torso_plate
from splits.prepare.regions import BACKGROUND, CLOTH, COLOURS, FACE, HAIR
from splits.prepare.sheet import write_sheet
from splits.prepare.sheet.drawing import block, stacked
from splits.prepare.sheet.page import labels_of, layers

COUNT = 12


@pytest.fixture
def folder(tmp_path):
    for name in layout.FOLDERS:
        (tmp_path / name).mkdir()
    labels = np.full((64, 64), BACKGROUND, np.uint8)
    labels[40:], labels[10:40, 20:44], labels[4:10, 20:44] = CLOTH, FACE, HAIR
    background = np.full((64, 64, 3), 120, np.uint8)
    frame = np.where((labels == BACKGROUND)[..., None], background, 60).astype(np.uint8)
    layout.write_jpeg(tmp_path / "bc.jpg", background)
    for t in range(COUNT):
        layout.write_jpeg(tmp_path / "ori_imgs" / f"{t}.jpg", frame)
        layout.write_jpeg(tmp_path / "gt_imgs" / f"{t}.jpg", frame)
        layout.write_parsing(tmp_path / "parsing" / f"{t}.png", labels)
        torso = torso_plate(frame, labels, background)
        layout.write_torso(tmp_path / "torso_imgs" / f"{t}.png", torso)
    return tmp_path


def sheet(folder, said=()):
    points = np.tile(np.float32([32, 25]), (COUNT, 478, 1))
    psnr = np.linspace(50, 30, COUNT)
    record = {
        "source": "été.mp4", "frames": COUNT, "fps": 25.0, "masks": "mediapipe-selfie",
        "audio_offset": {"seconds": 0.2, "peak": 0.5, "unmoved": 0.1, "clear": True},
    }  # fmt: skip
    audio = np.sin(np.arange(COUNT * 640, dtype=np.float32) / 7)
    opening = np.sin(np.arange(COUNT)) ** 2
    return read_picture(write_sheet(folder, points, opening, audio, psnr, record, said))


def red(image):
    return ((image[..., 0] > 150) & (image[..., 1:] < 90).all(-1)).sum()


def test_what_is_doubtful_stands_in_red_on_top(folder):
    good, bad = sheet(folder), sheet(folder, ["its sound is late. " * 30])
    assert good.shape[1] == bad.shape[1]
    more = len(bad) - len(good)
    assert more > 0
    assert red(bad[: more + 80]) > red(good[:80]) + 100


def test_parts_that_differ_are_bright(folder):
    layout.write_jpeg(folder / "gt_imgs" / "0.jpg", np.full((64, 64, 3), 120, np.uint8))
    lost, right = sheet(folder), None
    layout.write_jpeg(folder / "gt_imgs" / "0.jpg", read_picture(folder / "gt_imgs" / "1.jpg"))
    right = sheet(folder)
    assert lost.shape == right.shape
    assert (lost.astype(int) - right).max() > 100


def test_layers_have_tints():
    labels = np.array([[BACKGROUND, FACE], [CLOTH, HAIR]], np.uint8).repeat(20, 0).repeat(20, 1)
    assert (labels_of(COLOURS[labels]) == labels).all()
    shown = layers(np.full((40, 40, 3), 100, np.uint8), labels).astype(int)
    dark, face, cloth = shown[5, 5], shown[5, 35], shown[35, 5]
    assert dark.max() < 40
    assert face[0] > face[2]
    assert cloth[2] > cloth[0]


def test_text_is_broken_and_paper_filled_up():
    parts = [block([("word " * 40, (0, 0, 0))], 200), np.zeros((5, 90, 3), np.uint8)]
    assert len(parts[0]) > 60
    page = stacked(parts)
    assert page.shape == (len(parts[0]) + 5, 200, 3)
    assert (page[-1, 100:] == 255).all()
