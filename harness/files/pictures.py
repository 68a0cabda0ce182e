"""Reading of images: 8-bit RGB as they are shown, or a refusal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from harness.contracts import BadInput
from harness.files import limits
from harness.files.reading import AGAIN, checked_file, reading

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}

#: EXIF tag of the orientation, and the value of an upright image.
_ORIENTATION, _UPRIGHT = 0x0112, 1


@contextmanager
def opened(source: Path | bytes, path: Path, cure: str = AGAIN) -> Iterator[Image.Image]:
    """An image whose size is within the limit, not yet decoded.

    Raises:
        BadInput: missing, damaged or too large.

    """
    if isinstance(source, Path):
        checked_file(source, cure=cure)
    with reading(path, "image", cure):
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
    with image:
        limits.check(path, "picture", image.width * image.height, "it has")
        yield image


def picture_size(path: Path, cure: str = AGAIN) -> tuple[int, int]:
    """Height and width of an image as stored, from the file's header.

    Raises:
        BadInput: missing, damaged or too large.

    """
    with opened(path, path, cure) as image:
        return image.height, image.width


def read_picture(path: Path, mode: str = "RGB", cure: str = AGAIN) -> np.ndarray:
    """An image converted to a Pillow mode, uint8 [H,W] or [H,W,C], as stored.

    Raises:
        BadInput: missing, damaged or too large.

    """
    with opened(path, path, cure) as image, reading(path, "image", cure):
        return np.array(image.convert(mode))


def picture_of(data: bytes, path: Path, cure: str = AGAIN) -> np.ndarray:
    """An image in memory as uint8 RGB [H,W,3]; `path` is where it came from.

    Raises:
        BadInput: damaged or too large.

    """
    with opened(data, path, cure) as image, reading(path, "image", cure):
        return np.asarray(image.convert("RGB"))


def read_frame(path: Path) -> np.ndarray:
    """A frame of a sequence: uint8 RGB [H,W,3], turned as its EXIF orientation says.

    Raises:
        BadInput: missing, damaged, too large, or not 8-bit RGB.

    """
    with opened(path, path) as image:
        _check_mode(image, path)
        with reading(path, "image"):
            return np.array(ImageOps.exif_transpose(image))


def frame_size(path: Path) -> tuple[int, int]:
    """Height and width of a frame as shown, from the file's header.

    Raises:
        BadInput: as `read_frame`.

    """
    with opened(path, path) as image:
        _check_mode(image, path)
        with reading(path, "image"):
            turned = image.getexif().get(_ORIENTATION, _UPRIGHT) in (5, 6, 7, 8)
        return (image.width, image.height) if turned else (image.height, image.width)


def _check_mode(image: Image.Image, path: Path) -> None:
    if image.mode != "RGB":
        raise BadInput(
            path,
            f"its pixels are {image.mode}, not 8-bit RGB",
            "Convert the images to RGB; composite transparent ones over their background.",
        )
    if getattr(image, "n_frames", 1) > 1:
        raise BadInput(path, f"it holds {image.n_frames} images", "Write one image per file.")  # type: ignore[attr-defined]
    if "transparency" in image.info:
        cure = "Composite it over its background first; transparent pixels have no colour to score."
        raise BadInput(path, "one of its colours is transparent", cure)


def numbered(folder: Path) -> dict[int, Path]:
    """The images of a folder by number, in order; numbers are consecutive.

    Raises:
        BadInput: a name without a number, a number twice, or a gap.

    """
    found: dict[int, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        digits = re.findall(r"\d+", path.stem)
        if not digits:
            cure = "Name images 000000.png, 000001.png, ..."
            raise BadInput(path, "its name contains no number", cure)
        number = int(digits[-1])
        if number in found:
            fact = f"number {number} occurs twice: {found[number].name} and {path.name}"
            raise BadInput(folder, fact, "Keep one image per frame in the folder.")
        found[number] = path
    numbers = sorted(found)
    for before, after in pairwise(numbers):
        if after != before + 1:
            fact = f"image {before} is followed by {after}"
            raise BadInput(folder, fact, "Frames must be numbered without gaps: render them again.")
    return {number: found[number] for number in numbers}
