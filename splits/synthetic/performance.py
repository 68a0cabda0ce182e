"""One sequence before it is drawn: the voice, the face's controls and the head's pose.

Everything follows from the seed and the schedule; sound and face come from the same
segments on the same clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from scipy.ndimage import gaussian_filter1d

from harness.contracts import EMOTIONS
from splits.synthetic import motion
from splits.synthetic.coarticulation import lip_closure, visemes
from splits.synthetic.controls import ACTION_UNITS, CONTROLS
from splits.synthetic.emotion import Face, face, voice
from splits.synthetic.prosody import Speaker, prosody, time_phones
from splits.synthetic.script import Segment, Voicebox, utterance
from splits.synthetic.synthesiser import synthesise

#: What would part closed lips, and so yields to /p b m/: in emotion, and in rounding.
_PARTING = ("AU10", "AU20", "AU22", "AU25", "AU26", "jaw")
_ROUNDING = ("AU10", "AU22")

#: The emotional face follows the label within about a third of a second.
_EMOTION_SECONDS = 0.10


@dataclass(frozen=True)
class Block:
    """A stretch of the sequence in one emotion: one utterance with its pauses."""

    emotion: str
    intensity: int
    seconds: float


@dataclass(frozen=True)
class Performance:
    """What a synthetic subject says and does.

    audio: float32 [S] at 16 kHz. controls: float32 [T,C] in `CONTROLS`. pose: float32 [T,6] in
    `motion.POSE`. labels: int64 [T] into `EMOTIONS`; intensity: int64 [T]. segments: phonemes
    with their times. Frame i shows the moment (i + 0.5) / fps.
    """

    fps: float
    audio: np.ndarray
    controls: np.ndarray
    pose: np.ndarray
    labels: np.ndarray
    intensity: np.ndarray
    segments: tuple[Segment, ...]


def _stream(seed: int, name: str) -> np.random.Generator:
    """Independent chance for each purpose, so that a change in one leaves the others alone."""
    return np.random.default_rng([seed, crc32(name.encode())])


def _say(schedule: Sequence[Block], speaker: Speaker, seed: int) -> list[Segment]:
    """Segments of all utterances, silences between them included."""
    rng = _stream(seed, "script")
    voicebox = Voicebox(rng)
    segments: list[Segment] = []
    start = 0.0
    for index, block in enumerate(schedule):
        end = start + block.seconds
        lead, tail = rng.uniform(0.08, 0.14), rng.uniform(0.10, 0.18)
        lead, tail = min(lead, 0.2 * block.seconds), min(tail, 0.2 * block.seconds)
        ratio = speaker.rate * float(np.exp(voice(block.emotion, block.intensity).rate))
        room = block.seconds - lead - tail
        phones = utterance(voicebox, room * ratio)
        said = time_phones(phones, start + lead, room, ratio, index)
        segments.append(Segment("sil", start, said[0].start, block=index))
        segments += said
        segments.append(Segment("sil", said[-1].end, end, block=index))
        start = end
    return segments


def _expression(
    times: np.ndarray,
    schedule: Sequence[Block],
    segments: Sequence[Segment],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Emotional controls [T,C], ratio of articulation [T], and bias of the head [T,3]."""
    # A grid finer than frames, so that the blend does not depend on the frame rate.
    step = 0.01
    grid = np.arange(-1.0, sum(b.seconds for b in schedule) + 1.0, step)
    held = np.zeros((len(grid), len(CONTROLS) + 4))
    beats = np.zeros((len(times), len(CONTROLS)))
    edges = np.concatenate([[0.0], np.cumsum([b.seconds for b in schedule])])
    edges[0], edges[-1] = -np.inf, np.inf
    for index, block in enumerate(schedule):
        mood: Face = face(block.emotion, block.intensity)
        inside = (grid >= edges[index]) & (grid < edges[index + 1])
        liveliness = rng.uniform(0.88, 1.12)
        for name, value in mood.units.items():
            held[inside, CONTROLS.index(name)] = liveliness * value
        held[inside, -4] = mood.articulation
        held[inside, -3:] = mood.head
        for segment in motion.stressed([s for s in segments if s.block == index]):
            size = rng.uniform(0.3, 1.3)
            for name, value in mood.beats.items():
                rise = motion.beat(times, segment.start + 0.03, 0.07, 0.14)
                beats[:, CONTROLS.index(name)] += size * value * rise
    held = gaussian_filter1d(held, _EMOTION_SECONDS / step, axis=0)
    blend = np.stack([np.interp(times, grid, column) for column in held.T], axis=1)
    return blend[:, :-4] + beats, blend[:, -4], blend[:, -3:]


def perform(
    seed: int, schedule: Sequence[Block], speaker: Speaker, fps: float = 25.0
) -> Performance:
    """Act out a schedule.

    Args:
        seed: of the script and of all movement.
        schedule: emotion blocks, one after the other; their sum is a whole number of frames.
        speaker: whose voice it is.
        fps: frames a second.

    Raises:
        ValueError: when the schedule is empty or does not fill whole frames.

    """
    seconds = float(sum(b.seconds for b in schedule))
    count = round(seconds * fps)
    if count < 1 or abs(count - seconds * fps) > 1e-6:
        raise ValueError(f"a schedule of {seconds} s is not a whole number of frames at {fps} fps")
    times = (np.arange(count) + 0.5) / fps
    edges = np.concatenate([[0.0], np.cumsum([b.seconds for b in schedule])])
    segments = _say(schedule, speaker, seed)

    voices = [
        (float(a), float(b), voice(block.emotion, block.intensity))
        for a, b, block in zip(edges[:-1], edges[1:], schedule, strict=True)
    ]
    tracks = prosody(segments, voices, speaker, seconds, _stream(seed, "melody"))
    audio = synthesise(segments, tracks, speaker, _stream(seed, "noise"))

    controls = visemes(segments, times)
    mood, ratio, bias = _expression(times, schedule, segments, _stream(seed, "beats"))
    closure = lip_closure(segments, times)
    for name in ("jaw", "AU25"):
        controls[:, CONTROLS.index(name)] *= ratio
    for part, names in ((mood, _PARTING), (controls, _ROUNDING)):
        for name in names:
            part[:, CONTROLS.index(name)] *= 1.0 - closure
    controls += mood
    blink = motion.blinks(times, seconds, _stream(seed, "blinks"))
    controls[:, CONTROLS.index("AU45")] = blink
    controls[:, CONTROLS.index("AU05")] *= 1.0 - blink / 5.0  # a shut lid is not raised
    looks = motion.gaze(times, seconds, _stream(seed, "gaze"))
    controls[:, CONTROLS.index("gaze_yaw")] = looks[:, 0]
    controls[:, CONTROLS.index("gaze_pitch")] = looks[:, 1]
    units = slice(0, len(ACTION_UNITS))
    controls[:, units] = np.clip(controls[:, units], 0.0, 5.0)
    controls[:, CONTROLS.index("jaw")] = np.clip(controls[:, CONTROLS.index("jaw")], 0.0, 25.0)

    pose = motion.sway(times, _stream(seed, "sway"))
    pose[:, :3] += bias
    pose[:, 1] += motion.nods(times, segments, _stream(seed, "nods"))
    which = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, len(schedule) - 1)
    labels = np.array([EMOTIONS.index(b.emotion) for b in schedule], dtype=np.int64)
    levels = np.array([b.intensity for b in schedule], dtype=np.int64)
    return Performance(
        fps=fps,
        audio=audio,
        controls=controls.astype(np.float32),
        pose=pose.astype(np.float32),
        labels=labels[which],
        intensity=levels[which],
        segments=tuple(segments),
    )


__all__ = ["Block", "Performance", "perform"]
