"""Folders as the original tools leave them, made by independent writers."""

import json

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile
from scipy.spatial.transform import Rotation

COUNT, SIZE = 22, 32
TRAIN = 20


def poses():
    turns = Rotation.from_euler("xyz", [[2 * t, -t, 0.5 * t] for t in range(COUNT)], degrees=True)
    matrices = np.tile(np.eye(4), (COUNT, 1, 1))
    matrices[:, :3, :3] = turns.as_matrix()
    matrices[:, :3, 3] = [[0.01 * t, 0.02, 0.9] for t in range(COUNT)]
    return matrices


def parsing():
    """White wall, blue face with grey mouth, black hair, green neck, red clothes."""
    image = np.full((SIZE, SIZE, 3), 255, np.uint8)
    image[4:8, 8:24] = (0, 0, 0)
    image[8:20, 8:24] = (0, 0, 255)
    image[15:17, 13:19] = (100, 100, 100)
    image[20:23, 12:20] = (0, 255, 0)
    image[23:, 4:28] = (255, 0, 0)
    return image


@pytest.fixture
def folder(tmp_path):
    """A prepared folder of 22 frames, `Tiny`."""
    return write_folder(tmp_path / "Tiny")


def write_folder(root):
    """Write what ER-NeRF's `process.py` and OpenFace leave, at 32 pixels."""
    for name in ("ori_imgs", "gt_imgs", "parsing", "torso_imgs"):
        (root / name).mkdir(parents=True)
    matrices = poses()
    for name, ids in (("train", range(TRAIN)), ("val", range(TRAIN, COUNT))):
        frames = [{"img_id": i, "aud_id": i, "transform_matrix": matrices[i].tolist()} for i in ids]
        content = {"focal_len": 60.0, "cx": 16.0, "cy": 16.0, "frames": frames}
        (root / f"transforms_{name}.json").write_text(json.dumps(content, indent=2))
    rng = np.random.default_rng(0)
    for t in range(COUNT):
        flat = np.full((SIZE, SIZE, 3), 10 * t, np.uint8)
        Image.fromarray(flat).save(root / "gt_imgs" / f"{t}.jpg", quality=100)
        Image.fromarray(flat).save(root / "ori_imgs" / f"{t}.jpg", quality=100)
        Image.fromarray(parsing()).save(root / "parsing" / f"{t}.png")
        torso = np.zeros((SIZE, SIZE, 4), np.uint8)
        torso[20:] = (200, t, 0, 255)
        torso[19] = (200, t, 0, 51)
        Image.fromarray(torso).save(root / "torso_imgs" / f"{t}.png")
        np.savetxt(root / "ori_imgs" / f"{t}.lms", rng.uniform(0, 32, (68, 2)), "%f")
    Image.fromarray(np.full((SIZE, SIZE, 3), 80, np.uint8)).save(root / "bc.jpg", quality=100)
    wavfile.write(root / "aud.wav", 16_000, (3000 * np.ones(COUNT * 640)).astype(np.int16))
    (root / "au.csv").write_text(
        "frame, face_id, timestamp, AU01_r, AU45_r, AU45_c\n"
        + "".join(f"{t + 1}, 0, {t / 25}, {0.1 * t:.2f}, 1.5, 1\n" for t in range(COUNT))
    )
    np.save(root / "aud_ds.npy", rng.normal(size=(COUNT, 16, 29)).astype(np.float32))
    return root
