"""People who speak, rendered and filmed, and what they may wear: for tests of `prepare`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from harness.contracts.signals import MASK_BITS
from harness.media.audio import read_audio, resample
from harness.media.face_landmarker import FaceLandmarker
from harness.media.landmarks68 import to_ibug68
from harness.media.video import probe, read_frames
from splits.prepare.masks.networks import SELFIE, open_segmenter
from splits.synthetic.head import HeadModel, Scene
from splits.synthetic.recipe import Recipe
from splits.synthetic.schedule import single

_SUBJECT = MASK_BITS["head"] | MASK_BITS["torso"]


@dataclass(frozen=True)
class Talk:
    """A person who speaks.

    frames: uint8 RGB [H,W,3] each; audio: float32 [S] at 16 kHz; landmarks: float [T,68,2], pixels;
    masks: of the person, float32 [H,W] in 0..1 each.
    """

    frames: list[np.ndarray]
    audio: np.ndarray
    fps: float | Fraction
    landmarks: np.ndarray
    masks: list[np.ndarray]

    def with_frames(self, change: Callable[[int, np.ndarray], np.ndarray]) -> Talk:
        """The same with every frame changed."""
        return replace(self, frames=[change(t, frame) for t, frame in enumerate(self.frames)])


def rendered(
    who: int, count: int, fps: float = 25.0, turn: float = 0.0, until: int = 1 << 30
) -> Talk:
    """A subject of the synthetic corpus, turned to a side by so many degrees at first."""
    side = 320
    recipe = Recipe(who, who, tuple(single(who, "neutral", 1, count, fps)), side, side, fps)
    acted, head = recipe.perform(), HeadModel(who)
    scene = Scene(head, side, side)
    aside = turn * np.clip((until + 8 - np.arange(count)) / 16, 0, 1)
    views = []
    for t in range(count):
        yaw, pitch, roll = np.deg2rad(acted.pose[t, :3] + [aside[t], 0, 0])
        camera = scene.world_to_camera(yaw, pitch, roll, acted.pose[t, 3:])
        views.append(scene.render(head.vertices(acted.controls[t]), camera))
    return Talk(
        [view.rgb for view in views],
        acted.audio,
        fps,
        np.stack([view.landmarks for view in views]),
        [((view.bits & _SUBJECT) > 0).astype(np.float32) for view in views],
    )


def filmed(video: Path, weights: Path, count: int = 1 << 30) -> Talk:
    """The first frames of a video of one person."""
    frames, fps = list(islice(read_frames(video), count)), probe(video).fps
    with FaceLandmarker(weights / "face_landmarker.task") as landmarker:
        points = np.stack([to_ibug68(landmarker.detect_all(f)[0].landmarks) for f in frames])
    size = frames[0].shape[1::-1]
    with open_segmenter(SELFIE, weights / "selfie_segmentation.tflite") as segment:
        masks = [cv2.resize(segment(frame), size) for frame in frames]
    samples = round(len(frames) / fps * 16_000)
    return Talk(frames, read_audio(video)[:samples], fps, points, masks)


def faster(talk: Talk, fps: float) -> Talk:
    """The same pictures at another rate, with the sound played as much faster."""
    audio = resample(talk.audio, round(fps * 1000), round(talk.fps * 1000))
    return replace(talk, audio=np.clip(audio, -1, 1), fps=fps)


def with_glasses(talk: Talk) -> Talk:
    """Dark frames with a glint in the glass, and temples that go to the ears."""

    def wear(t: int, frame: np.ndarray) -> np.ndarray:
        points, frame = talk.landmarks[t], frame.copy()
        unit = float(np.linalg.norm(points[36] - points[45]))
        thick = max(2, round(0.035 * unit))
        eyes = [points[36:42].mean(0), points[42:48].mean(0)]
        across = (eyes[1] - eyes[0]) / np.linalg.norm(eyes[1] - eyes[0])
        tilt = float(np.degrees(np.arctan2(across[1], across[0])))
        radii = (round(0.27 * unit), round(0.22 * unit))
        for eye, ear, out in ((eyes[0], points[0], -1), (eyes[1], points[16], 1)):
            glass = frame.copy()
            cv2.ellipse(glass, _at(eye), radii, tilt, 0, 360, (225, 230, 240), -1, cv2.LINE_AA)
            frame = cv2.addWeighted(glass, 0.12, frame, 0.88, 0)
            cv2.ellipse(frame, _at(eye), radii, tilt, 0, 360, (25, 20, 20), thick, cv2.LINE_AA)
            hinge = eye + out * 0.27 * unit * across
            end = ear - np.array([0, 0.05 * unit])
            cv2.line(frame, _at(hinge), _at(end), (25, 20, 20), thick, cv2.LINE_AA)
        inner = [_at(eye + s * 0.27 * unit * across) for eye, s in zip(eyes, (1, -1), strict=True)]
        cv2.line(frame, *inner, (25, 20, 20), thick, cv2.LINE_AA)
        return frame

    return talk.with_frames(wear)


def with_beard(talk: Talk) -> Talk:
    """A full beard with strands that move with the jaw and hangs below it."""
    grain = np.random.default_rng(0).uniform(0.5, 1.6, (256, 256)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.8, sigmaY=3.0)
    home = np.array([[60, 60], [196, 60], [128, 230]], np.float32)

    def wear(t: int, frame: np.ndarray) -> np.ndarray:
        points = talk.landmarks[t]
        height, width = frame.shape[:2]
        down = points[8] - points[27]
        jaw = points[2:15] + 0.12 * down * np.sin(np.linspace(0, np.pi, 13))[:, None]
        above = [points[14], points[54] + 0.02 * down, points[35], points[33] + 0.05 * down]
        upper = np.stack([*above, points[31], points[48] + 0.02 * down, points[2]])
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round(np.concatenate([jaw, upper])).astype(np.int32)], 255)
        cv2.fillPoly(mask, [np.round(points[48:60]).astype(np.int32)], 0)
        soft = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None] / np.float32(255)
        corners = np.float32([points[2], points[14], points[8] + 0.12 * down])
        strands = cv2.warpAffine(grain, cv2.getAffineTransform(home, corners), (width, height),
                                 borderMode=cv2.BORDER_REFLECT)  # fmt: skip
        hair = np.array([52, 38, 28], np.float32) * strands[..., None]
        return np.clip(frame * (1 - soft) + hair * soft, 0, 255).astype(np.uint8)

    return talk.with_frames(wear)


def before_moving_background(talk: Talk) -> Talk:
    """The person before trees that drift past, as seen from a train."""
    height, width = talk.frames[0].shape[:2]
    noise = np.random.default_rng(0).uniform(0, 255, (height // 12, width // 4, 3))
    wall = cv2.resize(noise.astype(np.uint8), (3 * width, height), interpolation=cv2.INTER_CUBIC)

    def move(t: int, frame: np.ndarray) -> np.ndarray:
        behind = np.roll(wall, -3 * t, axis=1)[:, :width]
        soft = cv2.GaussianBlur(talk.masks[t], (0, 0), 1.0)[..., None]
        return np.round(frame * soft + behind * (1 - soft)).astype(np.uint8)

    return talk.with_frames(move)


def then(first: Talk, second: Talk, at: int) -> Talk:
    """One person, and from frame `at` on another."""
    count = min(len(first.frames), len(second.frames))
    size = first.frames[0].shape[1::-1]
    follow = [cv2.resize(frame, size) for frame in second.frames[at:count]]
    cut = round(at / first.fps * 16_000)
    audio = np.concatenate([first.audio[:cut], second.audio[cut:]])
    return replace(first, frames=first.frames[:at] + follow, audio=audio)


def beside(first: Talk, second: Talk) -> Talk:
    """Two people in one picture."""
    pairs = zip(first.frames, second.frames, strict=False)
    return replace(first, frames=[np.hstack(pair) for pair in pairs])


def shifted(talk: Talk, seconds: float) -> Talk:
    """The sound so much later; its end is lost."""
    silence = round(seconds * 16_000)
    audio = np.pad(talk.audio, (silence, 0))[: len(talk.audio)]
    return replace(talk, audio=audio.astype(np.float32))


def _at(point: np.ndarray) -> tuple[int, int]:
    x, y = np.round(point).astype(int).tolist()
    return x, y


def sized(talk: Talk, other: Talk) -> Talk:
    """The middle of every frame, in the size of another's."""
    height, width = other.frames[0].shape[:2]

    def fit(t: int, frame: np.ndarray) -> np.ndarray:
        side = min(frame.shape[:2])
        left = (frame.shape[1] - side) // 2
        return cv2.resize(frame[:side, left : left + side], (width, height))

    return talk.with_frames(fit)
