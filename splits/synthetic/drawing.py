"""Draws the frames of a sequence into its folder; also the worker process that does so.

`python -m splits.synthetic.drawing FOLDER FIRST STEP` draws every STEP-th frame from FIRST
on and writes one byte to its output for each. A worker is its own interpreter rather than
a fork, so it needs nothing of the caller's state (threads, `__main__`); when the caller
dies, the pipe breaks and the worker ends.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from splits.synthetic.recipe import Recipe

#: Arrays of a folder that are filled frame by frame: name -> shape of one frame, dtype.
PER_FRAME: dict[str, tuple[Callable[[int, int], tuple[int, ...]], str]] = {
    "frames": (lambda h, w: (h, w, 3), "uint8"),
    "plate": (lambda h, w: (h, w, 3), "uint8"),
    "bits": (lambda h, w: (h, w), "uint8"),
    "landmarks": (lambda h, w: (68, 2), "float32"),
    "K": (lambda h, w: (3, 3), "float32"),
    "world_to_camera": (lambda h, w: (4, 4), "float32"),
}


def draw(folder: Path, frames: range, tick: Callable[[], None]) -> None:
    """Draw some frames of a prepared folder.

    Args:
        folder: holds `recipe.json`, `performance.npz` and the empty arrays of `PER_FRAME`.
        frames: which ones; each depends on nothing but the folder's inputs.
        tick: called after each frame.

    """
    from splits.synthetic.head import HeadModel, Scene

    recipe = Recipe.parse(json.loads((folder / "recipe.json").read_text("utf-8")))
    with np.load(folder / "performance.npz") as stored:
        controls, pose = stored["controls"], stored["pose"]
    head = HeadModel(recipe.identity)
    scene = Scene(head, recipe.height, recipe.width)
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in PER_FRAME}
    for t in frames:
        yaw, pitch, roll = np.deg2rad(pose[t, :3])
        camera = scene.world_to_camera(yaw, pitch, roll, pose[t, 3:])
        view = scene.render(head.vertices(controls[t : t + 1])[0], camera)
        arrays["frames"][t], arrays["plate"][t] = view.rgb, view.plate
        arrays["bits"][t], arrays["landmarks"][t] = view.bits, view.landmarks
        arrays["K"][t], arrays["world_to_camera"][t] = scene.K, camera
        tick()
    for array in arrays.values():
        array.flush()


def _main(arguments: list[str]) -> None:
    folder, first, step = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    total = len(np.load(folder / "bits.npy", mmap_mode="r"))
    draw(folder, range(first, total, step), lambda: _alive())


def _alive() -> None:
    os.write(1, b".")


if __name__ == "__main__":
    _main(sys.argv[1:])
