from dataclasses import replace

import cv2
import numpy as np
import pytest

from harness.contracts import BadInput
from splits.prepare.tracking import continuity
from splits.prepare.tracking.track import track_face
from tests.splits.prepare.tracking.faces import Landmarker, face, talking

COUNT = 60


def person(seed, count, noise=2.0):
    """Frames of somebody who speaks: one picture with small changes."""
    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.uniform(40, 215, (24, 24, 3)), (200, 200))
    frames = picture + rng.normal(0, noise, (count, 200, 200, 3))
    return [np.clip(frame, 0, 255).astype(np.uint8) for frame in frames]


def track(frames, see=talking):
    return track_face("v.mp4", frames, len(frames), Landmarker(lambda t: [see(t)]))


def mixed(a, b, fade):
    """From one person to another, in the middle, over so many frames."""
    middle, frames = len(a) // 2, []
    for t in range(len(a)):
        share = np.clip((t - middle + 1) / (fade + 1), 0, 1) if fade else float(t >= middle)
        frames.append(np.round((1 - share) * a[t] + share * b[t].astype(float)).astype(np.uint8))
    return frames


def test_another_person_in_the_same_place_is_a_cut():
    with pytest.raises(BadInput, match=r"whole picture is another one from frame 30 \(1\.20 s\)"):
        track(mixed(person(0, COUNT), person(1, COUNT), fade=0))


@pytest.mark.parametrize("fade", [0, 5])
def test_another_face_in_the_same_picture_is_another_subject(fade):
    frames, others = person(0, COUNT), person(0, COUNT)
    for frame, other in zip(others, person(1, COUNT), strict=True):
        frame[70:130, 70:130] = other[70:130, 70:130]
    with pytest.raises(BadInput, match=r"looks different from frame (2[5-9]|30) .*another subject"):
        track(mixed(frames, others, fade))


def test_a_face_that_may_be_another_one_is_noted(monkeypatch):
    frames, others = person(0, COUNT), person(0, COUNT)
    for frame, other in zip(others, person(1, COUNT), strict=True):
        frame[70:130, 70:130] = other[70:130, 70:130]
    rule = replace(continuity.FACE_CHANGE, unlike=2.0)
    monkeypatch.setattr(continuity, "FACE_CHANGE", rule)
    (note,) = track(mixed(frames, others, 0)).notes
    assert "the face looks different from frame" in note
    assert note.endswith("look whether it is still the same subject there.")


def test_a_short_look_at_another_person_is_a_cut():
    frames = person(0, COUNT)
    frames[20:34] = person(1, 14)
    with pytest.raises(BadInput, match=r"whole picture is another one from frame (20|34) "):
        track(frames)


def test_another_picture_around_the_same_person_is_a_cut():
    frames = person(0, COUNT)
    other = person(1, COUNT)
    for t in range(30, COUNT):
        inside = frames[t][55:145, 55:145].copy()
        frames[t] = other[t]
        frames[t][55:145, 55:145] = inside
    with pytest.raises(BadInput, match=r"whole picture is another one from frame 30 \(1\.20 s\)"):
        track(frames)


def test_speech_light_and_something_that_passes_are_no_cut():
    frames = person(0, COUNT, noise=8.0)
    flicker = [np.clip(f * (1 + 0.4 * (-1) ** t), 0, 255) for t, f in enumerate(frames)]
    darker = [f * (1.0 if t < 30 else 0.5) for t, f in enumerate(frames)]
    slope = np.linspace(0.6, 1.4, 200)[None, :, None]
    lamp = [np.clip(f * (slope if t < 30 else 2 - slope), 0, 255) for t, f in enumerate(frames)]
    passing = [f.copy() for f in frames]
    for t in range(20, 28):
        passing[t][:, 25 * (t - 20) : 25 * (t - 20) + 40] = 60
    for some in (frames, flicker, darker, lamp, passing):
        assert len(track([np.asarray(f).astype(np.uint8) for f in some]).landmarks) == COUNT


def test_a_head_that_turns_at_once_was_cut():
    see = lambda t: talking(t, yaw=-15.0 if t < 25 else 15.0)  # noqa: E731
    with pytest.raises(BadInput, match=r"turns by 30 degrees at once at frame 25"):
        track(person(0, COUNT), see)


def test_what_is_doubtful_is_noted():
    see = lambda t: talking(t, yaw=min(60.0, 10.0 * max(0, t - 50)))  # noqa: E731
    (note,) = track(person(0, COUNT), see).notes
    assert "turned away" in note
    assert "5 of 60 frames (8.3%): 55-59" in note
    (note,) = track(person(0, COUNT), lambda t: face(lids=0.04 * (t % 20 != 7))).notes
    assert "the mouth hardly opens" in note
    assert track(person(0, COUNT)).notes == ()
