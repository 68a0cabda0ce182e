"""Frames of a raw video as they are shown, also where it holds more than 8 bits.

What is written are 8-bit pictures; a camera's 10 bits are rounded to them here, once, and that is
said. Scores are computed from 8-bit frames only, so `score` asks for a conversion instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from harness.files.reading import reading
from harness.media.container import open_media, video_stream
from harness.media.video import VideoInfo, check_frames, read_frames


def check_shown(video: Path, info: VideoInfo) -> list[str]:
    """Refuse frames that cannot be had as 8-bit square pixels; what is to be said of others.

    Raises:
        BadInput: what `check_frames` refuses, more than 8 bits without a high dynamic range
            excepted.

    """
    rounded = info.bits > 8 and not info.transfer
    check_frames(video, replace(info, bits=8) if rounded else info, square=True)
    if not rounded:
        return []
    return [f"{video}: its {info.bits} bits a channel ({info.pixel_format}) are rounded to 8."]


def shown_frames(video: Path, info: VideoInfo) -> Iterator[np.ndarray]:
    """Decode a checked video frame by frame, uint8 RGB [H,W,3], turned as a player would.

    Raises:
        BadInput: the file can no longer be read as it was probed.

    """
    if info.bits <= 8:
        yield from read_frames(video)
        return
    decoded = 0
    with open_media(video) as container, reading(video, "video"):
        for frame in container.decode(video_stream(container, video)):
            deep = frame.to_ndarray(format="rgb48le").astype(np.uint32)
            decoded += 1
            yield info.orientation.apply(((deep + 128) // 257).astype(np.uint8))
    if decoded != info.count:
        fact = f"{decoded} of {info.count} frames can be read"
        raise BadInput(video, fact, "Copy or download it again, and compare its size.")
