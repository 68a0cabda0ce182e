"""Differences between the two sides: refused, or resolved as the user's options allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image

from harness.contracts import BadInput, cut
from harness.contracts.sequence import SAMPLE_RATE
from harness.engine.alignment.meshes import first_meshes
from harness.engine.alignment.opened import OpenedSequence
from harness.engine.request import Remedies
from harness.media.video import exact_rate


@dataclass(frozen=True)
class Aligned:
    """Two comparable sides, the sound for scoring, and what was done to them."""

    prediction: OpenedSequence
    truth: OpenedSequence
    audio: np.ndarray
    notes: dict[str, Any]


def align(prediction: OpenedSequence, truth: OpenedSequence, remedies: Remedies) -> Aligned:
    """Make two sides comparable, as far as the remedies allow.

    Raises:
        BadInput: rate, size, length or sound differ; states both numbers and the option.

    """
    notes: dict[str, Any] = {}
    if remedies.resample_fps is not None:
        target = exact_rate(remedies.resample_fps)
        for side, opened in (("prediction", prediction), ("truth", truth)):
            if opened.fps != target:
                notes.setdefault("resample_fps", {})[side] = [float(opened.fps), float(target)]
        prediction, truth = resampled(prediction, target), resampled(truth, target)
    if prediction.fps != truth.fps:
        raise BadInput(
            prediction.path,
            f"it has {float(prediction.fps):g} frames per second, its ground truth {truth.path} "
            f"has {float(truth.fps):g}",
            f"Pass --resample-fps {float(truth.fps):g} to repeat or drop whole frames.",
        )
    if (prediction.height, prediction.width) != (truth.height, truth.width):
        sizes = [f"{opened.width}x{opened.height}" for opened in (prediction, truth)]
        if not remedies.resize:
            raise BadInput(
                prediction.path,
                f"its frames are {sizes[0]}, those of its ground truth {truth.path} are {sizes[1]}",
                "Pass --resize to resize the prediction to the ground truth.",
            )
        notes["resize"] = sizes
        prediction = resized(prediction, truth.height, truth.width)
    check_colours(prediction, truth, notes)
    if prediction.count != truth.count:
        both = prediction.kind == truth.kind == "pictures"
        if both and remedies.trim and prediction.first != truth.first:
            ranges = [f"{one.first} to {one.first + one.count - 1}" for one in (prediction, truth)]
            raise BadInput(
                prediction.path,
                f"its images are numbered {ranges[0]}, those of its ground truth {truth.path} "
                f"{ranges[1]}",
                "Renumber or remove images so that both begin with the same frame: --trim cuts "
                "only at the end.",
            )
        if not remedies.trim or truth.kind == "mesh":
            raise BadInput(
                prediction.path,
                f"it has {prediction.count} frames, its ground truth {truth.path} has "
                f"{truth.count}",
                "Give meshes of equal length."
                if truth.kind == "mesh"
                else "Pass --trim to cut both at the end to the shorter one.",
            )
        count = min(prediction.count, truth.count)
        notes["trim"] = {"frames": [prediction.count, truth.count, count]}
        prediction, truth = trimmed(prediction, count), trimmed(truth, count)
    own = len(prediction.audio) > 0
    sound = prediction if own else truth
    doubts = dict.fromkeys((*prediction.doubts, *truth.doubts))
    if doubts:
        notes.setdefault("warnings", []).extend(doubts)
    notes["sound"] = "prediction" if own else "truth" if len(truth.audio) else "none"
    return with_sound(prediction, truth, sound, remedies, notes)


def check_colours(prediction: OpenedSequence, truth: OpenedSequence, notes: dict[str, Any]) -> None:
    """Refuse pixels of two shapes, and note colours that were decoded in two ways.

    Raises:
        BadInput: the shapes of pixels differ.

    """
    ours, theirs = prediction.pixel_shape, truth.pixel_shape
    if abs(ours / theirs - 1) > 0.01:
        raise BadInput(
            prediction.path,
            f"its pixels are {ours.numerator}:{ours.denominator}, those of its ground truth "
            f"{truth.path} {theirs.numerator}:{theirs.denominator}",
            "Scale one of them so that both are shown alike: `ffmpeg -i IN -vf setsar=1 OUT` "
            "corrects a wrong mark.",
        )
    decoded = {side.colour.replace(" assumed", "") for side in (prediction, truth) if side.colour}
    if len(decoded) > 1:
        notes["colour"] = [prediction.colour, truth.colour]
        notes.setdefault("warnings", []).append(
            f"{prediction.path}: its colours are decoded as {prediction.colour}, those of "
            f"{truth.path} as {truth.colour}; if both were encoded alike, mark both alike"
        )


def with_sound(
    prediction: OpenedSequence,
    truth: OpenedSequence,
    sound: OpenedSequence,
    remedies: Remedies,
    notes: dict[str, Any],
) -> Aligned:
    """Check the length of sound against video, or cut both to the shorter."""
    count, rate = prediction.count, prediction.fps
    sound_s, video_s = len(sound.audio) / SAMPLE_RATE, float(count / rate)
    # A track ends at a whole packet of sound, after a picture that is shown in full.
    tolerance = float(1 / rate) + 2 * sound.sound_step
    same = prediction.path == truth.path
    if len(sound.audio) and abs(sound_s - video_s) > tolerance and not same:
        if not remedies.trim:
            raise BadInput(
                sound.path,
                f"its sound lasts {sound_s:.3f} s and its video {video_s:.3f} s, more than "
                f"{tolerance:.3f} s apart",
                "Pass --trim to cut both at the end to the shorter one.",
            )
        count = min(count, int(sound_s * rate))
        if count < 1:
            fact = "its sound is shorter than one frame"
            raise BadInput(sound.path, fact, "Give a file with sound.")
        notes.setdefault("trim", {})["seconds"] = [sound_s, video_s, float(count / rate)]
        prediction, truth = trimmed(prediction, count), trimmed(truth, count)
        sound = replace(sound, audio=sound.audio[: round(count / rate * SAMPLE_RATE)])
    return Aligned(prediction, truth, sound.audio, notes)


def limited(sides: Aligned, limit: int | None) -> Aligned:
    """The first frames of two aligned sides with their sound; noted where anything is cut."""
    if limit is None or sides.truth.count <= limit:
        return sides
    same = sides.prediction is sides.truth
    truth = trimmed(sides.truth, limit)
    audio = sides.audio[: round(limit / truth.fps * SAMPLE_RATE)]
    prediction = truth if same else trimmed(sides.prediction, limit)
    return Aligned(prediction, truth, audio, {**sides.notes, "limit": limit})


def resampled(opened: OpenedSequence, fps: Fraction) -> OpenedSequence:
    """The sequence at another rate: each new frame is the nearest old one, never a blend.

    Raises:
        BadInput: it has per-frame signals, which cannot be resampled.

    """
    if opened.fps == fps:
        return opened
    if opened.signals:
        raise BadInput(
            opened.path,
            f"it comes with per-frame signals ({', '.join(opened.signals)}) at "
            f"{float(opened.fps):g} frames per second",
            f"Convert the video to {float(fps):g} fps first and make the signals from that.",
        )
    count = max(round(opened.count * fps / opened.fps), 1)
    ratio = opened.fps / fps

    def frames() -> Iterator[np.ndarray]:
        made = 0
        for index, frame in enumerate(opened.frames()):
            while made < count and min(round(made * ratio), opened.count - 1) <= index:
                yield frame
                made += 1

    return replace(opened, fps=fps, count=count, frames=frames)


def resized(opened: OpenedSequence, height: int, width: int) -> OpenedSequence:
    """The sequence at another size, by Pillow's antialiased bicubic filter.

    Raises:
        BadInput: it has per-pixel signals.

    """
    if "masks" in opened.signals:
        cure = "Resize the video beforehand, and make the masks from that."
        raise BadInput(opened.path, "its masks have the original size", cure)

    def frames() -> Iterator[np.ndarray]:
        for frame in opened.frames():
            yield np.asarray(
                Image.fromarray(frame).resize((width, height), Image.Resampling.BICUBIC)
            )

    return replace(opened, height=height, width=width, frames=frames)


def trimmed(opened: OpenedSequence, count: int) -> OpenedSequence:
    """The first `count` frames, with the signals and the sound that belong to them."""
    if count == opened.count:
        return opened
    samples = round(count / opened.fps * SAMPLE_RATE)
    signals: Mapping[str, Any]
    if opened.kind == "mesh":
        signals = first_meshes(opened.signals, count)
    else:
        signals = {name: cut(value, range(count)) for name, value in opened.signals.items()}
    return replace(
        opened,
        count=count,
        frames=lambda: islice(opened.frames(), count),
        audio=opened.audio[:samples],
        signals=signals,
    )
