"""Opening of media files, and which of their streams is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.stream import Disposition

from harness.contracts import BadInput
from harness.files import limits
from harness.files.reading import checked_file, reading


@contextmanager
def open_media(path: Path) -> Iterator[av.container.InputContainer]:
    """An open container; an error of one sentence if the file cannot be opened.

    Raises:
        BadInput: no such file, not a regular file, an empty file, or not a media file.

    """
    path = checked_file(path)
    cure = "Give a video or sound file; a truncated mp4 has no index and must be copied again."
    with reading(path, "media file", cure):
        container = av.open(str(path))
    with container:
        yield container


def seconds(stamp: int | None, time_base: Fraction | None) -> Fraction:
    """A time stamp in seconds; 0 where the file has none."""
    return (stamp or 0) * (time_base or Fraction(0))


def video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The stream that a player shows: the one marked as default, else the first.

    Raises:
        BadInput: there is none, or its frames are too large.

    """
    with reading(path, "video"):
        # A cover image in a sound file is a video stream to FFmpeg, but not to us.
        cover = Disposition.attached_pic
        chosen = _marked([s for s in container.streams.video if not s.disposition & cover])
        if chosen is None:
            raise BadInput(path, "it has no video stream", "Give a video file.")
        context = chosen.codec_context
        limits.check(path, "frame", context.width * context.height, "its frames have")
        # The header may state less than the frames have.
        context.options = {"max_pixels": str(limits.limit("frame"))}
        chosen.thread_type = "AUTO"
        return chosen


def audio_stream(container: av.container.InputContainer, path: Path) -> av.AudioStream:
    """The track that a player plays: the one marked as default, else the first.

    Raises:
        BadInput: there is none, or its rate is out of range.

    """
    with reading(path, "sound"):
        chosen = _marked(list(container.streams.audio))
        if chosen is None:
            cure = "Give a video with sound, or a wav file."
            raise BadInput(path, "it has no audio track", cure)
        limits.check(path, "rate", chosen.rate, "its sound has")
        return chosen


def _marked(streams: list[Any]) -> Any:
    marked = [stream for stream in streams if stream.disposition & Disposition.default]
    return next(iter(marked or streams), None)
