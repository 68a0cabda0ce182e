"""Readers of the single files of the layout; each refuses what it cannot trust.

Source of the layout: AD-NeRF and ER-NeRF `data_utils/process.py`, and its reader in
TalkingGaussian `scene/dataset_readers.py`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import MASK_BITS, ActionUnits, AudioFeatures, BadInput, Camera, Expression
from harness.files.arrays import read_array, read_arrays
from harness.files.documents import read_object
from harness.files.pictures import read_picture
from harness.files.reading import read_text, reading
from harness.media.openface import check_frames, read_table

AGAIN = "Prepare the video again with `python -m harness prepare VIDEO --out DIR`."

#: Masks beyond this many bytes live in a temporary file rather than in memory.
_IN_MEMORY = 1 << 29

#: Share of pixels of a parsing image that may have a colour which the layout does not name.
_STRANGE = 0.05


@dataclass(frozen=True)
class Transforms:
    """Both `transforms_*.json` together: frame ranges, focal length and poses."""

    train: range
    test: range
    focal: float
    cx: float
    cy: float
    camera_to_world: np.ndarray  # float64 [T,4,4], OpenGL axes

    @property
    def count(self) -> int:
        """Frames of the sequence."""
        return self.test.stop

    def camera(self) -> Camera:
        """Cameras in the contract's OpenCV axes, float32."""
        flip = np.diag([1.0, -1.0, -1.0, 1.0])
        world_to_camera = np.linalg.inv(self.camera_to_world @ flip)
        K = np.array([[self.focal, 0, self.cx], [0, self.focal, self.cy], [0, 0, 1]])
        return Camera(
            np.tile(K, (self.count, 1, 1)).astype(np.float32), world_to_camera.astype(np.float32)
        )


def read_transforms(folder: Path) -> Transforms:
    """Read both files.

    Raises:
        BadInput: missing or malformed; ids that are not 0, 1, 2 ... over train then val;
            sound ids other than the frame ids; two focal lengths; poses that are not rigid.

    """
    parts, first = {}, {}
    poses: list[np.ndarray] = []
    for name in ("train", "val"):
        path = folder / f"transforms_{name}.json"
        content = read_object(path, AGAIN)
        try:
            frames = content["frames"]
            ids = [_whole(f["img_id"]) for f in frames]
            sounds = [_whole(f.get("aud_id", f["img_id"])) for f in frames]
            matrices = np.array([f["transform_matrix"] for f in frames], np.float64)
            geometry = tuple(float(content[k]) for k in ("focal_len", "cx", "cy"))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadInput(path, f"not a transforms file ({error!r})", AGAIN) from error
        start = len(poses)
        if not ids or ids != list(range(start, start + len(ids))):
            odd = next((i for i, v in enumerate(ids) if v != start + i), 0)
            found = ids[odd] if ids else "nothing"
            raise BadInput(
                path,
                f"img_id {start + odd} was expected at position {odd} and {found} is there",
                "Frames must be numbered without gaps, the training part first, from 0.",
            )
        if sounds != ids:
            raise BadInput(
                path, "aud_id differs from img_id", "Give sound that is aligned with the frames."
            )
        if not np.isfinite(geometry).all() or geometry[0] <= 0:
            fact = f"focal_len, cx, cy are {geometry}, not finite or not positive"
            raise BadInput(path, fact, AGAIN)
        if matrices.shape != (len(ids), 4, 4) or not _rigid(matrices):
            raise BadInput(path, "a transform_matrix is not a rigid 4x4 pose", AGAIN)
        parts[name], first[name] = range(start, start + len(ids)), geometry
        poses += list(matrices)
    if first["train"] != first["val"]:
        raise BadInput(
            folder, f"two cameras: {first['train']} and {first['val']} (focal, cx, cy)", AGAIN
        )
    focal, cx, cy = first["train"]
    return Transforms(parts["train"], parts["val"], focal, cx, cy, np.stack(poses))


def _whole(number: Any) -> int:
    if int(number) != float(number):
        raise ValueError(f"frame {number} is not a whole number")
    return int(number)


def _rigid(matrices: np.ndarray) -> bool:
    turn = matrices[:, :3, :3]
    return bool(
        np.isfinite(matrices).all()
        and np.allclose(turn @ turn.transpose(0, 2, 1), np.eye(3), atol=1e-3)
        and (np.linalg.det(turn) > 0).all()
        and np.allclose(matrices[:, 3], [0, 0, 0, 1], atol=1e-6)
    )


def mask_bits(parsing: np.ndarray, teeth: np.ndarray | None = None) -> np.ndarray:
    """Bits uint8 [H,W] (`MASK_BITS`) of a parsing image uint8 RGB [H,W,3].

    `teeth` bool [H,W] is TalkingGaussian's `teeth_mask`: mouth rather than face.

    Raises:
        ValueError: many pixels have none of the layout's colours, as after lossy compression.

    """
    codes = parsing.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1])
    face, hair, mouth = codes == 0x0000FF, codes == 0x000000, codes == 0x646464
    if teeth is not None:
        mouth, face = mouth | teeth, face & ~teeth
    torso = (codes == 0x00FF00) | (codes == 0xFF0000)
    strange = float(1 - (face | hair | mouth | torso | (codes == 0xFFFFFF)).mean())
    if strange > _STRANGE:
        raise ValueError(f"{strange:.0%} of its pixels have none of the layout's colours")
    bits = np.zeros(codes.shape, np.uint8)
    for name, region in (("face", face), ("hair", hair), ("mouth", mouth), ("torso", torso)):
        bits[region] |= MASK_BITS[name]
    bits[face | hair | mouth] |= MASK_BITS["head"]
    return bits


def read_masks(
    folder: Path, count: int, height: int, width: int, with_teeth: bool = False
) -> np.ndarray:
    """Bits of all frames, uint8 [T,H,W]; those of a long sequence are memory-mapped."""
    shape = (count, height, width)
    if np.prod(shape, dtype=np.int64) > _IN_MEMORY:
        with tempfile.TemporaryFile() as file:  # the map keeps it alive, and nothing else
            bits: np.ndarray = np.memmap(file, np.uint8, "w+", shape=shape)
    else:
        bits = np.empty(shape, np.uint8)
    for t in range(count):
        path = folder / "parsing" / f"{t}.png"
        parsing = read_picture(path, cure=AGAIN)
        if parsing.shape[:2] != (height, width):
            raise BadInput(path, f"{parsing.shape[:2]}, frames are {(height, width)}", AGAIN)
        teeth = folder / "teeth_mask" / f"{t}.npy"
        mask = _teeth(teeth, height, width) if with_teeth else None
        with reading(path, "image of regions", AGAIN):
            bits[t] = mask_bits(parsing, mask)
    return bits


def _teeth(path: Path, height: int, width: int) -> np.ndarray:
    """One `teeth_mask`, bool [H,W]."""
    teeth = read_array(path, "Make the masks again.").astype(bool)
    if teeth.shape != (height, width):
        raise BadInput(path, f"{teeth.shape}, frames are {(height, width)}", "Make it again.")
    return teeth


def read_landmarks(folder: Path, count: int) -> np.ndarray:
    """All `ori_imgs/{i}.lms`, float32 [T,68,2], pixels."""
    landmarks = np.empty((count, 68, 2), np.float32)
    for t in range(count):
        path = folder / "ori_imgs" / f"{t}.lms"
        if not path.is_file():
            raise BadInput(path, "no such file: no face was found in that frame", AGAIN)
        text = read_text(path, "list of landmarks", AGAIN)
        with reading(path, "list of landmarks", AGAIN):
            values = np.loadtxt(text.splitlines(), ndmin=2)
        if values.shape != (68, 2) or not np.isfinite(values).all():
            raise BadInput(path, f"{values.shape} values, not 68 finite points", AGAIN)
        landmarks[t] = values
    return landmarks


def read_action_units(path: Path, count: int, fps: float) -> ActionUnits:
    """Intensities of `au.csv`, OpenFace columns with or without its leading spaces.

    As the systems of this layout read it: whichever units are there, and values of every frame,
    also where OpenFace's `success` is 0.

    Raises:
        BadInput: fewer rows than frames, or no `AUxx_r` column, or a cell that is not a finite
            number, or what `check_frames` refuses. Rows beyond the last frame are not read.

    """
    table = read_table(path, count)
    check_frames(table, fps)
    return ActionUnits(table.intensities(table.units, range(count)), table.units)


def read_expression(path: Path, count: int) -> Expression:
    """Coefficients of `expression.npz`."""
    values, basis = read_arrays(path, ("values", "basis"), AGAIN).values()
    if values.ndim != 2 or len(values) != count:
        raise BadInput(path, f"{values.shape} coefficients for {count} frames", AGAIN)
    return Expression(values.astype(np.float32), str(basis))


def read_audio_features(path: Path, count: int) -> AudioFeatures:
    """DeepSpeech windows of `aud_ds.npy`, float32 [T,16,29].

    The extractor rounds its number of windows: one too few is completed by zeros, as the
    field's own readers do beyond either end, and surplus windows are not read.
    """
    values = read_array(path, "Extract it again.")
    if values.ndim != 3 or values.shape[1:] != (16, 29) or len(values) < count - 1:
        raise BadInput(
            path, f"shape {list(values.shape)}, not [{count},16,29]", "Extract it from aud.wav."
        )
    values = values[:count].astype(np.float32)
    return AudioFeatures(np.pad(values, ((0, count - len(values)), (0, 0), (0, 0))), "deepspeech")
