"""Whose face is whose: faces of single frames become people, one of whom is the subject.

A second person must not be mixed with the first, nor a picture on the wall be taken for a
second speaker: faces are followed from frame to frame, and what becomes of each is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from harness.media.face_landmarker import FaceDetection
from splits.prepare.spans import counted, when
from splits.prepare.tracking.angles import angles_of, check_angles
from splits.prepare.tracking.crop import Crop
from splits.prepare.tracking.life import is_still

#: Faces that are looked for: enough to say how many people there are.
MOST = 4

#: A face that moves by more than this share of its height between frames is another one, or a
#: cut, and so is one larger or smaller by more than this factor.
JUMP, GROWTH = 0.6, 1.6

#: A face of at least this share of the subject's height may be a second subject.
_EQUAL = 0.5

#: Share of frames up to which a second face is a slip of the detector.
_SLIP = 0.01


@dataclass(eq=False)
class Person:
    """One face followed through a video; pixels of the frames given."""

    frames: list[int] = field(default_factory=list)
    faces: list[FaceDetection] = field(default_factory=list)

    @property
    def landmarks(self) -> np.ndarray:
        """Float32 [N,478,2], of the frames in which it was found."""
        return np.stack([face.landmarks for face in self.faces])

    @property
    def height(self) -> float:
        """Of its face, pixels, in the median frame."""
        return float(np.median(np.ptp(self.landmarks[..., 1], axis=1)))

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of all its landmarks, pixels."""
        points = self.landmarks
        return points.min((0, 1)), points.max((0, 1))

    def is_slip(self, count: int) -> bool:
        """Whether it is in so few of `count` frames that the detector was wrong there."""
        return len(self.frames) <= max(1, _SLIP * count)

    def distance(self, face: FaceDetection) -> float:
        """How far a face is from where this one was last, in face heights; infinite if another."""
        last, now = self.faces[-1].landmarks, face.landmarks
        size, other = np.ptp(last[:, 1]), np.ptp(now[:, 1])
        moved = float(np.linalg.norm(now.mean(0) - last.mean(0)) / size)
        return moved if moved <= JUMP and 1 / GROWTH < other / size < GROWTH else np.inf

    def at(self, width: int) -> str:
        """Where in a frame it is, in words and pixels."""
        low, high = self.box
        x, y = (low + high) / 2
        side = ("left", "middle", "right")[min(2, int(3 * x / width))]
        return f"{side} (x {x:.0f}, y {y:.0f})"


def follow(people: list[Person], found: Sequence[FaceDetection], t: int) -> None:
    """Add the faces of frame `t` to the people they belong to, the nearest first; in place."""
    pairs = sorted(
        (person.distance(face), p, f)
        for p, person in enumerate(people)
        for f, face in enumerate(found)
    )
    taken: set[int] = set()
    seen: set[int] = set()
    for away, p, f in pairs:
        if np.isfinite(away) and p not in taken and f not in seen:
            people[p].frames.append(t)
            people[p].faces.append(found[f])
            taken.add(p)
            seen.add(f)
    people += [Person([t], [face]) for f, face in enumerate(found) if f not in seen]


@dataclass(frozen=True)
class Others:
    """Faces beside the subject's that are no second subject: pictures, small faces, slips."""

    people: tuple[Person, ...] = ()

    def check(self, video: Path, box: Crop, count: int, fps: float) -> list[str]:
        """What is to be said of them, once it is known what is cut out; one sentence each.

        Raises:
            BadInput: one of them is in the frames that would be trained on.

        """
        notes = []
        for person in self.people:
            low, high = person.box
            fact = f"a second face, {_kind(person)}, is in {counted(person.frames, count, fps)}"
            if not box.overlaps(low, high):
                notes.append(f"{video}: {fact}. It lies outside the crop and is left out.")
            elif person.is_slip(count):
                notes.append(f"{video}: {fact}; metrics of faces may fail in such frames.")
            else:
                raise BadInput(video, fact, "Cover it, or crop the video so that it is outside.")
        return notes


def _kind(person: Person) -> str:
    moves = "which never moves, as in a picture" if is_still(person.landmarks) else "smaller"
    return moves if len(person.frames) > 1 else "once"


def choose(
    video: Path, people: Sequence[Person], count: int, fps: float, size: tuple[int, int]
) -> tuple[Person, Others]:
    """The subject, and the faces beside it.

    Args:
        video: named in errors.
        people: of all frames.
        count: frames.
        fps: frames per second.
        size: height and width of the frames, pixels.

    Raises:
        BadInput: nobody, somebody who is not there throughout, several subjects, or no person.

    """
    if not people:
        raise BadInput(video, f"no face in any of its {count} frames", "Film a frontal face.")
    lasting = [one for one in people if not one.is_slip(count)]
    alive = [one for one in lasting if not is_still(one.landmarks)] or lasting or list(people)
    subject = max(alive, key=lambda one: len(one.frames) * one.height)
    present = set(subject.frames)
    beside = [one for one in people if one is not subject and present & set(one.frames)]
    equals = [one for one in alive if one in beside and one.height >= _EQUAL * subject.height]
    if equals:
        several = sorted({t for one in equals for t in one.frames if t in present})
        places = sorted([subject, *equals], key=lambda one: float(one.box[0][0]))
        where = " and ".join(dict.fromkeys(one.at(size[1]) for one in places))
        raise BadInput(
            video,
            f"several faces in {counted(several, count, fps)}: {where}",
            f"Cut the video to one of them, in time or in the frame: {_crop_of(subject, size)}.",
        )
    missing = sorted(set(range(count)) - present)
    if missing:
        angles = np.full((count, 3), np.nan)
        angles[subject.frames] = angles_of(np.stack([face.pose for face in subject.faces]))
        check_angles(video, angles, fps)  # who is seen from the side is lost for that reason
        _refuse_absence(video, subject, people, missing, count, fps)
    if is_still(subject.landmarks):
        raise BadInput(
            video,
            f"its face never moves: in {count} frames neither the mouth nor an eye opens or "
            "shuts, as in a picture or statue",
            "Give a video of a person who speaks.",
        )
    return subject, Others(tuple(beside))


def _refuse_absence(
    video: Path,
    subject: Person,
    people: Sequence[Person],
    missing: Sequence[int],
    count: int,
    fps: float,
) -> None:
    """Somebody else, or nobody, where the subject should be."""
    instead = [one for one in people if one is not subject and set(one.frames) & set(missing)]
    if instead and not is_still(instead[0].landmarks):
        first = missing[0] or subject.frames[0]
        option = "end" if missing[0] else "start"
        raise BadInput(
            video,
            f"the face jumps at {when(first, fps)}: a cut, a head that turns too far to a side, or "
            f"another subject than the one in {len(subject.frames)} of {count} frames",
            f"Cut the video to one continuous sequence, for example with --{option} "
            f"{first / fps:.2f}.",
        )
    raise BadInput(
        video,
        f"no face in {counted(missing, count, fps)}",
        "Cut the video so that the face is visible from beginning to end.",
    )


def _crop_of(subject: Person, size: tuple[int, int]) -> str:
    """The command that cuts out a square around a face."""
    low, high = subject.box
    side = int(min(*size, 1.9 * (high - low).max())) // 2 * 2
    x, y = np.clip((low + high) / 2 - side / 2, 0, [size[1] - side, size[0] - side]).astype(int)
    return f"`ffmpeg -i IN -vf crop={side}:{side}:{x}:{y} -crf 12 OUT.mp4`"
