"""The face in every frame: one living person, the same throughout, seen from the front."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from harness.media.face_landmarker import FaceLandmarker
from splits.prepare.spans import when
from splits.prepare.tracking import continuity
from splits.prepare.tracking.angles import angles_of, check_angles
from splits.prepare.tracking.life import is_mute
from splits.prepare.tracking.people import Others, Person, choose, follow

#: A head that turns by more degrees between frames was cut; real ones turn by 3, rendered ones
#: that fling their heads about by 8.
_TURN = 20.0


@dataclass(frozen=True)
class FaceTrack:
    """One face in every frame of a sequence; pixels of the frames given."""

    landmarks: np.ndarray  # float32 [T,478,2], pixel centres at +0.5
    depth: np.ndarray  # float32 [T,478]
    blendshapes: np.ndarray  # float32 [T,52] in [0,1]
    names: tuple[str, ...]
    angles: np.ndarray  # float64 [T,3]: yaw, pitch, roll in degrees, as the landmarker reads them
    others: Others = field(default_factory=Others)
    notes: tuple[str, ...] = ()


def track_face(
    video: Path,
    frames: Iterable[np.ndarray],
    count: int,
    landmarker: FaceLandmarker,
    tick: Callable[[int, int], None] = lambda done, total: None,
    fps: float = 25.0,
) -> FaceTrack:
    """Find the subject's face in each of `count` frames, uint8 RGB [H,W,3].

    Args:
        video: named in errors.
        frames: of the video.
        count: their number.
        landmarker: finds up to `people.MOST` faces.
        tick: called with (done, total).
        fps: frames per second.

    Raises:
        BadInput: no face, or none in some frames; several people; a cut, or another person; a
            picture or statue; a head that lies on its side or is mostly seen from there. Says
            which frames, how many, and when.

    """
    people: list[Person] = []
    looks: list[list[np.ndarray]] = []
    scenes: list[np.ndarray] = []
    size = (0, 0)
    for t, frame in enumerate(frames):
        size = frame.shape[:2]
        found = landmarker.detect_all(frame)
        follow(people, found, t)
        looks += [[] for _ in people[len(looks) :]]
        for person, seen in zip(people, looks, strict=True):
            if person.frames[-1] == t:
                seen.append(continuity.look_of(frame, person.faces[-1].landmarks))
        scenes.append(continuity.scene_of(frame))
        tick(t + 1, count)
    subject, others = choose(video, people, count, fps, size)
    faces = subject.faces
    angles = angles_of(np.stack([face.pose for face in faces]))
    own = np.stack(looks[people.index(subject)])
    notes = _check_continuous(video, own, np.stack(scenes), angles, fps)
    notes += check_angles(video, angles, fps)
    landmarks = np.stack([face.landmarks for face in faces])
    if is_mute(landmarks):
        notes.append(
            f"{video}: the mouth hardly opens in its {count} frames; speech cannot be learnt from "
            "a face that does not speak."
        )
    return FaceTrack(
        landmarks=landmarks,
        depth=np.stack([face.depth for face in faces]),
        blendshapes=np.stack([face.blendshapes for face in faces]),
        names=faces[0].names,
        angles=angles,
        others=others,
        notes=tuple(notes),
    )


def _check_continuous(
    video: Path, looks: np.ndarray, scenes: np.ndarray, angles: np.ndarray, fps: float
) -> list[str]:
    """Refuse cuts and changes of person where the face stays in its place; notes of a doubt."""
    cure = "Cut the video to one continuous sequence of one subject, with --start and --end."
    turned = np.abs(np.diff(angles[:, :2], axis=0)).max(1, initial=0)
    if len(turned) and turned.max() > _TURN:
        at = when(int(turned.argmax()) + 1, fps)
        fact = f"the head turns by {turned.max():.0f} degrees at once at {at}: a cut"
        raise BadInput(video, fact, cure)
    apart = continuity.unlike(scenes, None, continuity.SCENE_CUT, fps)
    if len(apart) and apart.max() > continuity.SCENE_CUT.unlike:
        fact = f"the whole picture is another one from {when(int(apart.argmax()), fps)} on: a cut"
        raise BadInput(video, fact, cure)
    apart = continuity.unlike(looks, angles[:, :2], continuity.FACE_CHANGE, fps)
    if not len(apart) or apart.max() <= continuity.FACE_CHANGE.doubtful:
        return []
    fact = f"the face looks different from {when(int(apart.argmax()), fps)} on"
    if apart.max() > continuity.FACE_CHANGE.unlike:
        raise BadInput(video, f"{fact}: another subject, or something before the face", cure)
    return [f"{video}: {fact}: look whether it is still the same subject there."]
