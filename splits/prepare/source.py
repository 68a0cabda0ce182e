"""The raw video: everything that can be wrong with it is found before work starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from harness.contracts.sequence import SAMPLE_RATE
from harness.media.audio import Sound, open_sound
from harness.media.video import VideoInfo, probe
from splits.prepare.decode import check_shown, shown_frames

#: Rates of the field: the ER-NeRF family's own, and that of MEAD.
RATES = (25, 30)


#: Share of full scale below which sound is silence; the sync metrics have the same limit.
SILENCE = 1e-4


@dataclass(frozen=True)
class Cut:
    """What of a video is used.

    Attributes:
        fps: 25 or 30 to resample another frame rate to; None to accept these two only.
        audio: sound to use instead of the video's own.
        start: seconds of the video at which to begin.
        end: seconds of the video at which to end; None for its end.
        trim: whether frames without sound are left out at the end.
        audio_offset: seconds by which the sound is moved, later if positive.

    """

    fps: float | None = None
    audio: Path | None = None
    start: float = 0.0
    end: float | None = None
    trim: bool = False
    audio_offset: float = 0.0


@dataclass(frozen=True)
class Source:
    """A checked video, its frames at 25 or 30 per second and its sound at 16 kHz."""

    path: Path
    info: VideoInfo
    fps: float
    audio: np.ndarray  # float32 [S] at 16 kHz
    count: int  # frames after cutting and resampling
    window: range  # frames of the file
    notes: tuple[str, ...] = field(default=())

    @property
    def resampled(self) -> bool:
        """Whether frames are repeated or left out."""
        return abs(self.info.fps - self.fps) > 1e-3

    def frames(self) -> Iterator[np.ndarray]:
        """Decode uint8 RGB [H,W,3] frames at `fps` per second, each call from the beginning.

        Resampling repeats or leaves out whole frames (the nearest in time), never blends.
        """
        stored = islice(shown_frames(self.path, self.info), self.window.start, self.window.stop)
        if not self.resampled:
            yield from islice(stored, self.count)
            return
        ratio = self.info.fps / self.fps
        wanted = 0
        for index, frame in enumerate(stored):
            while wanted < self.count and round(wanted * ratio) <= index:
                yield frame
                wanted += 1
        while wanted < self.count:
            yield frame
            wanted += 1


def open_source(video: Path, cut: Cut | None = None) -> Source:
    """Check a video and read its sound.

    Args:
        video: a file with frames and, unless `cut` names another, sound.
        cut: what of it is used; all of it by default.

    Raises:
        BadInput: missing, empty, truncated or unreadable file; frames of a high dynamic range,
            interlaced, or with pixels that are not square; a variable frame rate; a rate other
            than 25 and 30 without `cut.fps`; no sound, or a silent one; sound shorter than the
            frames by more than a frame and a packet of the sound, without `cut.trim`; a cut
            outside the video.

    """
    cut, video = cut or Cut(), Path(video)
    if cut.fps not in (None, *RATES):
        raise BadInput(f"--fps {cut.fps:g}", "only 25 and 30 are supported", "Use one of them.")
    info = probe(video)
    notes = check_shown(video, info)
    fps = float(cut.fps or info.fps_exact)
    if not any(abs(fps - rate) < 1e-3 for rate in RATES):
        raise BadInput(
            video,
            f"it has {info.fps:g} frames per second ({info.fps_exact}), methods of this field "
            "take 25 or 30",
            f"Pass --fps {min(RATES, key=lambda rate: abs(rate - fps))} to resample it: whole "
            "frames are then repeated or left out, and prepare.json says so.",
        )
    window = _window(video, info, cut)
    count = round(len(window) / info.fps_exact * Fraction(fps))
    sound = _sound(video, info, cut)
    sound = replace(sound, delay=sound.delay + cut.audio_offset)
    audio = sound.at(SAMPLE_RATE)[round(window.start / info.fps * SAMPLE_RATE) :]
    late = sound.delay - window.start / info.fps
    if late > 1 / fps and cut.audio_offset <= 0:
        raise BadInput(
            video,
            f"its sound begins {late:.3f} s after its first frame, more than one frame",
            f"Pass --start {window.start / info.fps + late:.2f} to begin with the sound.",
        )
    seconds = len(audio) / SAMPLE_RATE
    tolerance = 1 / fps + 2 * sound.packet
    if count / fps - seconds > tolerance:
        if not cut.trim and cut.audio_offset >= 0:
            raise BadInput(
                cut.audio or video,
                f"its sound lasts {seconds:.3f} s and the frames {count / fps:.3f} s, more than "
                f"{tolerance:.3f} s apart",
                "Pass --trim to leave out the frames without sound.",
            )
        count = int(seconds * fps)
    # Sound past the last frame has no frame; the last packet is completed by silence.
    length = round(count / fps * SAMPLE_RATE)
    audio = np.pad(audio[:length], (0, max(0, length - len(audio))))
    source = Source(video, info, fps, audio, count, window, (*notes, *sound.notes))
    return replace(source, notes=(*source.notes, *_resampling(source)))


def _resampling(source: Source) -> list[str]:
    """How many frames are shown twice or left out, where the rate is changed."""
    if not source.resampled:
        return []
    there, wanted = len(source.window), source.count
    number, done = abs(wanted - there), "repeated" if wanted > there else "left out"
    return [
        f"{source.path}: its {source.info.fps:g} frames per second become {source.fps:g}; of "
        f"{there} frames {number or 'none'} {'is' if number < 2 else 'are'} {done}."
    ]


def _sound(video: Path, info: VideoInfo, cut: Cut) -> Sound:
    if cut.audio is None and not info.has_audio:
        cure = "Give a video with sound, or the sound with --audio FILE."
        raise BadInput(video, "it has no audio track", cure)
    sound = open_sound(cut.audio or video)
    if np.abs(sound.samples).max(initial=0) < SILENCE:
        cure = "Give a video with speech, or the sound with --audio FILE."
        raise BadInput(cut.audio or video, "its sound is silent throughout", cure)
    return sound


def _window(video: Path, info: VideoInfo, cut: Cut) -> range:
    """The frames of the file that are used."""
    first = round(cut.start * info.fps)
    last = info.count if cut.end is None else min(info.count, round(cut.end * info.fps))
    if not 0 <= first < last:
        end = "its end" if cut.end is None else f"{cut.end:g} s"
        raise BadInput(
            video,
            f"no frame lies between {cut.start:g} s and {end}, it lasts {info.duration:.2f} s",
            "Correct --start and --end.",
        )
    return range(first, last)
