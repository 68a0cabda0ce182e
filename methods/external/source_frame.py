"""What a 2D method sees of a subject: one frame and one video, of the training part only.

`keep` writes both when the method is fitted, from the training part alone; a render reads nothing
else. The video is the beginning of the training part, played forwards and backwards if a test is
longer. A method that works on squares gets a square crop made here, so that the place of its
output in the frame is known; its output is pasted back into the source frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from harness.contracts import BadInput, EmotionTrack, Sequence
from harness.contracts.signals import EMOTIONS
from harness.files.documents import read_object

#: Frames of the training part that are kept as the video: 30 s at 25 frames per second.
VIDEO_FRAMES = 750
#: x264 quality of videos given to a checkout; the decoders of all of them read this profile.
VIDEO_CRF = 1


@dataclass(frozen=True)
class Square:
    """A square crop of a frame, in pixels: left edge, upper edge, side."""

    x: int
    y: int
    side: int

    def cut(self, frame: np.ndarray, size: int) -> np.ndarray:
        """The square of uint8 [H,W,3] at `size` x `size` pixels (bicubic, antialiased)."""
        return scaled(frame[self.y : self.y + self.side, self.x : self.x + self.side], size)

    def paste(self, image: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """`frame` with the square replaced by `image` (uint8 [S,S,3]) at the square's size."""
        pasted = frame.copy()
        pasted[self.y : self.y + self.side, self.x : self.x + self.side] = scaled(image, self.side)
        return pasted


def scaled(image: np.ndarray, size: int) -> np.ndarray:
    """A square image at another size; the same pixels if it has that size already."""
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))


def square_of(sequence: Sequence) -> Square:
    """The largest square of the frames, moved along the longer side to contain the head.

    Square frames, as in every talking-face split, are used whole. Otherwise the head is at the
    mean of the part's landmarks, or of the head mask of its first frame.
    """
    height, width = sequence.height, sequence.width
    side = min(height, width)
    centre = np.array([width / 2, height / 2])
    if height != width and sequence.has("landmarks"):
        centre = np.nanmean(np.asarray(sequence.signal("landmarks"), np.float64), axis=(0, 1))
    elif height != width and sequence.has("masks"):
        rows, columns = np.nonzero(sequence.signal("masks").region("head", 0))
        if len(rows):
            centre = np.array([columns.mean(), rows.mean()])
    corner = np.rint(np.nan_to_num(centre) - side / 2).astype(int)
    x, y = np.clip(corner, 0, [width - side, height - side])
    return Square(int(x), int(y), side)


def there_and_back(length: int, count: int) -> list[int]:
    """`count` indices into a video of `length` frames: 0, 1 .. last, back to 0, and again."""
    period = max(1, 2 * (length - 1))
    steps = np.arange(count) % period
    return np.where(steps < length, steps, period - steps).tolist()


def emotion_of(sequence: Sequence) -> str:
    """The emotion of a sequence, else the most frequent of the part; `neutral` if unknown."""
    if sequence.emotion is not None:
        return sequence.emotion
    if sequence.has("emotion"):
        track = sequence.signal("emotion")
        assert isinstance(track, EmotionTrack)
        return EMOTIONS[int(np.bincount(track.labels, minlength=len(EMOTIONS)).argmax())]
    return "neutral"


@dataclass(frozen=True)
class SourceFrame:
    """What `keep` wrote to a folder."""

    folder: Path
    square: Square
    emotion: str
    fps: float
    frames: int  # of the video

    @property
    def frame(self) -> np.ndarray:
        """The whole source frame, uint8 [H,W,3]."""
        with Image.open(self.folder / "frame.png") as image:
            return np.array(image.convert("RGB"))

    def video(self, count: int) -> Iterator[np.ndarray]:
        """`count` whole frames of the training part, uint8 [H,W,3], there and back."""
        from harness.media.video import read_frames

        frames = read_frames(self.folder / "clip.mkv")
        if count > self.frames:
            kept = list(frames)
            frames = (kept[index] for index in there_and_back(len(kept), count))
        yield from islice(frames, count)

    def write_frame(self, path: Path, size: int | None = None) -> Path:
        """Write the source frame as an image: its square at `size`, or the whole frame."""
        frame = self.frame if size is None else self.square.cut(self.frame, size)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame).save(path, quality=100, subsampling=0)  # PNG ignores both
        return path

    def write_video(
        self, path: Path, count: int, size: int | None = None, audio: np.ndarray | None = None
    ) -> Path:
        """Write the video as an mp4 of exactly `count` frames, its square at `size` or whole."""
        from harness.media.mp4 import write_mp4

        frames = self.video(count)
        if size is not None:
            frames = (self.square.cut(frame, size) for frame in frames)
        write_mp4(path, frames, self.fps, audio, crf=VIDEO_CRF)
        return path


def keep(sequence: Sequence, folder: Path, frame: int = 0) -> SourceFrame:
    """Write the source frame and the video of a training part, both lossless.

    Args:
        sequence: the training part; the method may see any of its frames.
        folder: receives `frame.png`, `clip.mkv` and `source.json`.
        frame: which frame of the part is the source frame.

    Raises:
        BadInput: the part has no such frame.

    """
    count = min(len(sequence.frames), VIDEO_FRAMES)
    if not 0 <= frame < len(sequence.frames):
        fact = f"source_frame is {frame}, but the training part has {len(sequence.frames)} frames"
        raise BadInput(sequence.id, fact, "Choose one, counted from 0: --set source_frame=0.")
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sequence.frames[frame]).save(folder / "frame.png")
    _write_lossless(folder / "clip.mkv", (sequence.frames[i] for i in range(count)), sequence.fps)
    source = SourceFrame(folder, square_of(sequence), emotion_of(sequence), sequence.fps, count)
    facts = {k: v for k, v in asdict(source).items() if k != "folder"}
    (folder / "source.json").write_text(json.dumps(facts, indent=1), "utf-8")
    return source


def kept(folder: Path) -> SourceFrame:
    """Read what `keep` wrote.

    Raises:
        BadInput: it is absent or damaged.

    """
    try:
        facts = read_object(folder / "source.json", "Fit the method again.")
        return SourceFrame(folder, Square(**facts.pop("square")), **facts)
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(folder, f"no source frame ({error})", "Fit the method again.") from error


def _write_lossless(path: Path, frames: Iterator[np.ndarray], fps: float) -> None:
    """FFV1 in RGB: what is read back is what was written."""
    import av

    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt = "bgr0"
        for index, frame in enumerate(frames):
            if index == 0:
                stream.height, stream.width = frame.shape[:2]
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
