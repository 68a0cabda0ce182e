"""The raw video: everything that can be wrong with it is found before work starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from harness.media.audio import audio_delay, read_audio
from harness.media.video import VideoInfo, open_media, probe, read_frames

#: What the ER-NeRF family of methods is built for; their loaders know no other rate.
FIELD_FPS = 25.0

#: Transfer functions of ITU-T H.273 that need tone mapping: PQ and HLG.
_HDR = (16, 18)


@dataclass(frozen=True)
class Source:
    """A checked video, its frames at 25 per second and its sound at 16 kHz."""

    path: Path
    info: VideoInfo
    audio: np.ndarray  # float32 [S] at 16 kHz
    count: int  # frames after resampling
    resampled: bool

    def frames(self) -> Iterator[np.ndarray]:
        """Decode uint8 RGB [H,W,3] frames at 25 per second, each call from the beginning.

        Resampling repeats or leaves out whole frames (the nearest in time), never blends.
        """
        if not self.resampled:
            yield from read_frames(self.path)
            return
        ratio = self.info.fps / FIELD_FPS
        wanted = 0
        for index, frame in enumerate(read_frames(self.path)):
            while wanted < self.count and round(wanted * ratio) <= index:
                yield frame
                wanted += 1
        while wanted < self.count:
            yield frame
            wanted += 1


def open_source(video: Path, fps: float | None = None) -> Source:
    """Check a video and read its sound.

    Args:
        video: a file with frames and sound.
        fps: 25 to resample another frame rate to 25; None to accept 25 only.

    Raises:
        BadInput: missing, empty, truncated or unreadable file; frames that are not 8-bit, square
            and progressive; a variable frame rate; a rate
            other than 25 without `fps=25`; no sound; sound shorter than the frames by more
            than one frame.

    """
    if fps not in (None, 25):
        raise BadInput(f"--fps {fps}", "only 25 is supported", "Use --fps 25, or leave it out.")
    info = probe(video)
    if info.variable_frame_rate:
        next(read_frames(video))  # refuses, and names the fix
    _check_frames(video)
    resampled = abs(info.fps - FIELD_FPS) > 1e-3
    if resampled and fps is None:
        raise BadInput(
            video,
            f"it has {info.fps:g} frames per second ({info.fps_exact}), this layout is for 25",
            "Pass --fps 25 to resample it: whole frames are then repeated or left out, "
            "and prepare.json says so.",
        )
    if not info.has_audio:
        raise BadInput(video, "it has no audio track", "Give a video with sound.")
    count = round(info.duration * FIELD_FPS) if resampled else info.count
    frame = 1 / FIELD_FPS
    delay = audio_delay(video)
    if delay > frame:
        raise BadInput(
            video,
            f"its sound begins {delay:.3f} s after its first frame, more than one frame",
            "Cut the beginning off so that both start together.",
        )
    audio = read_audio(video)
    missing = count * frame - len(audio) / 16_000
    if missing > frame:
        raise BadInput(
            video,
            f"its sound lasts {len(audio) / 16_000:.3f} s and its frames {count * frame:.3f} s, "
            f"more than one frame ({frame:g} s) apart",
            "Cut the video to the length of its sound.",
        )
    # Sound past the last frame has no frame; a last part-frame of silence completes the grid.
    length = round(count * frame * 16_000)
    audio = np.pad(audio[:length], (0, max(0, length - len(audio))))
    return Source(Path(video), info, audio, count, resampled)


def _check_frames(video: Path) -> None:
    """Refuse frames that are shown otherwise than they are stored."""
    with open_media(video) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        ratio, bits = stream.sample_aspect_ratio, frame.format.components[0].bits
        if bits > 8 or stream.codec_context.color_trc in _HDR:
            fact = f"its frames have {bits} bits a channel or a high dynamic range"
            raise BadInput(video, fact, "Convert it to 8-bit bt709 first (yuv420p).")
        if ratio and ratio != 1:
            fact = f"its pixels are {ratio.numerator}:{ratio.denominator}, not square"
            raise BadInput(video, fact, "Scale it to square pixels first (setsar=1).")
        if frame.interlaced_frame:
            raise BadInput(video, "its frames are interlaced", "Deinterlace it first (bwdif).")
