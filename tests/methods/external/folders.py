"""A tiny prepared folder, and checkouts that are stand-ins for the authors' own."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import wavfile
from scipy.spatial.transform import Rotation

from methods.external.run import process

COUNT, TRAIN, SIZE = 22, 20, 32
STANDINS = Path(__file__).parent / "standins"
UNITS = ("AU01", "AU04", "AU05", "AU06", "AU07", "AU25", "AU45")


def prepared_folder(root, fps=25.0, spaces=True):
    """What ER-NeRF's `process.py`, OpenFace and EasyPortrait leave, 22 frames of 32 pixels."""
    for name in ("ori_imgs", "gt_imgs", "parsing", "torso_imgs", "teeth_mask"):
        (root / name).mkdir(parents=True)
    poses = np.tile(np.eye(4), (COUNT, 1, 1))
    angles = np.arange(COUNT)[:, None] * [[0.5, 1.0, 0.2]]
    poses[:, :3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    poses[:, 2, 3] = 0.9
    for name, ids in (("train", range(TRAIN)), ("val", range(TRAIN, COUNT))):
        frames = [{"img_id": i, "aud_id": i, "transform_matrix": poses[i].tolist()} for i in ids]
        content = {"focal_len": 60.0, "cx": 16.0, "cy": 16.0, "frames": frames}
        (root / f"transforms_{name}.json").write_text(json.dumps(content))
    parsing = np.full((SIZE, SIZE, 3), 255, np.uint8)
    parsing[8:20, 8:24] = (0, 0, 255)
    parsing[14:18, 12:20] = (100, 100, 100)
    parsing[23:, 4:28] = (255, 0, 0)
    torso = np.zeros((SIZE, SIZE, 4), np.uint8)
    torso[20:] = (200, 60, 0, 255)
    rng = np.random.default_rng(0)
    for t in range(COUNT):
        picture = np.full((SIZE, SIZE, 3), (40 + 8 * t, 120, 90), np.uint8)
        for folder in ("gt_imgs", "ori_imgs"):
            Image.fromarray(picture).save(root / folder / f"{t}.jpg", quality=100)
        Image.fromarray(parsing).save(root / "parsing" / f"{t}.png")
        Image.fromarray(torso).save(root / "torso_imgs" / f"{t}.png")
        points = rng.uniform(8, 24, (68, 2))
        points[60:68, 1] = 14 + np.arange(8) * (t % 10) / 7
        np.savetxt(root / "ori_imgs" / f"{t}.lms", points, "%f")
        np.save(root / "teeth_mask" / f"{t}.npy", np.zeros((SIZE, SIZE), bool))
    Image.fromarray(np.full((SIZE, SIZE, 3), 80, np.uint8)).save(root / "bc.jpg", quality=100)
    sound = (3000 * np.sin(np.arange(round(COUNT / fps * 16_000)) / 20)).astype(np.int16)
    wavfile.write(root / "aud.wav", 16_000, sound)
    space = ", " if spaces else ","
    lines = [space.join(["frame", "success", *(f"{unit}_r" for unit in UNITS)])]
    for t in range(COUNT):  # the mouth opens and the eyes close over ten frames, twice
        units = [*["0.50"] * 5, *[f"{2.2 * (t % 10) / 9:.2f}"] * 2]
        lines.append(space.join([str(t + 1), "1", *units]))
    (root / "au.csv").write_text("\n".join(lines) + "\n")
    np.save(root / "aud_ds.npy", rng.normal(size=(COUNT, 16, 29)).astype(np.float32))
    if fps != 25.0:
        (root / "prepare.json").write_text(json.dumps({"fps": fps}))
    return root


def checkout(root, standin, scripts, **settings):
    """A checkout whose scripts are all the same stand-in, which looks at its own name."""
    for script in scripts:
        path = root / script
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STANDINS / standin, path)
    (root / "standin.json").write_text(json.dumps(settings))
    return root


def point_to(monkeypatch, method, root, licence="accepted"):
    """Environment variables for a checkout, run by this very interpreter."""
    name = f"HARNESS_{method.upper().replace('-', '_')}"
    monkeypatch.setenv(f"{name}_ROOT", str(root))
    monkeypatch.setenv(f"{name}_PYTHON", sys.executable)
    monkeypatch.setenv(f"{name}_LICENCE", licence)
    # Real checkouts ask for 10 GiB of disk; a stand-in does without.
    monkeypatch.setattr(process, "check_disk", lambda folder, free: None)


def snapshot(root):
    """Every file below a folder with its content, to see that nothing was written there."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
