"""Named per-frame signals of a sequence: their shapes, units and ranges.

Every type here can be cut in time with `.part(range)`; T is the number of frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

#: The eight MEAD emotions, in the order of every integer emotion label.
EMOTIONS = (
    "neutral",
    "angry",
    "contempt",
    "disgusted",
    "fear",
    "happy",
    "sad",
    "surprised",
)

#: One bit per region of `Masks.bits`; regions overlap (`head` contains `face`, `hair`, `mouth`).
MASK_BITS = {"head": 1, "face": 2, "hair": 4, "mouth": 8, "torso": 16}

#: FACS intensities run from 0 (absent) to 5 (maximal), as OpenFace's `AUxx_r` columns do.
AU_RANGE = (0.0, 5.0)

#: Signal name -> (type or shape, how a user obtains it where it is missing).
SIGNALS: Mapping[str, tuple[str, str]] = {
    "camera": ("Camera", "Prepare the video with `python -m harness prepare VIDEO --out DIR`."),
    "masks": ("Masks", "Prepare the video with `python -m harness prepare VIDEO --out DIR`."),
    "plate": (
        "FrameSource uint8 [T,H,W,3], the frame with the head taken away",
        "Prepare the video: it writes torso_imgs/ and bc.jpg.",
    ),
    "landmarks": (
        "float32 [T,68,2], iBUG order, pixels, x right, y down",
        "Prepare the video: it writes ori_imgs/*.lms.",
    ),
    "expression": ("Expression", "Prepare the video: it writes expression.npz (basis mp52)."),
    "au": ("ActionUnits", "Prepare the video, or put an OpenFace au.csv into the folder."),
    "emotion": ("EmotionTrack", "Name the emotion of each sequence in the split manifest."),
    "audio_features": ("AudioFeatures", "Put DeepSpeech features (aud_ds.npy) into the folder."),
    "priors": ("Priors", "Put the six official .pth feature files into the folder."),
    "vertices": (
        "float32 [T,V,3], metres",
        "Give mesh sequences (.npy, [T,V,3]) as --pred and --truth.",
    ),
    "template": ("float32 [V,3], the neutral mesh", "Name it with --template FILE.npy or .obj."),
    "regions": ("MeshRegions", "Name vertex lists with --region lip=FILE (upper=..., eye=...)."),
    "openface": (
        "ActionUnits of OpenFace 2.2 FeatureExtraction",
        "Put OpenFace's CSV beside each video, as NAME.openface.csv.",
    ),
    "bfm79": (
        "float32 [T,79], expression coefficients of the ER-NeRF tracker",
        "Put track_params.pt's `exp` beside each video, as NAME.bfm79.npy.",
    ),
}


@dataclass(frozen=True)
class Camera:
    """Pinhole cameras, OpenCV axes (x right, y down, z forward), pixel centres at +0.5.

    The head is the world: a head pose moves the camera, and the canonical head stays.
    """

    K: np.ndarray  # float32 [T,3,3], pixels
    world_to_camera: np.ndarray  # float32 [T,4,4], metres-like scene units

    def part(self, frames: range) -> Camera:
        """Cameras of the given frames only."""
        s = slice(frames.start, frames.stop)
        return Camera(self.K[s], self.world_to_camera[s])


@dataclass(frozen=True)
class Masks:
    """Region masks packed as bits (`MASK_BITS`), uint8 [T,H,W]; may be memory-mapped."""

    bits: np.ndarray

    def region(self, name: str, frames: slice | int = slice(None)) -> np.ndarray:
        """Boolean mask of one region: [T,H,W], or [H,W] for one frame."""
        return (np.asarray(self.bits[frames]) & MASK_BITS[name]) != 0

    def part(self, frames: range) -> Masks:
        """Masks of the given frames only."""
        return Masks(self.bits[frames.start : frames.stop])


@dataclass(frozen=True)
class Expression:
    """Expression coefficients float32 [T,E] in a named basis: `bfm64`, `mp52` or `synthetic`."""

    values: np.ndarray
    basis: str

    def part(self, frames: range) -> Expression:
        """Coefficients of the given frames only."""
        return replace(self, values=self.values[frames.start : frames.stop])


@dataclass(frozen=True)
class ActionUnits:
    """FACS intensities float32 [T,A] in 0..5; `names` like `AU01`, `AU45`."""

    values: np.ndarray
    names: tuple[str, ...]

    def column(self, name: str) -> np.ndarray:
        """Intensities of one unit, float32 [T]; zeros where the unit is not measured."""
        if name in self.names:
            return self.values[:, self.names.index(name)]
        return np.zeros(len(self.values), np.float32)

    def part(self, frames: range) -> ActionUnits:
        """Intensities of the given frames only."""
        return replace(self, values=self.values[frames.start : frames.stop])


@dataclass(frozen=True)
class EmotionTrack:
    """Emotion label int64 [T] (index into `EMOTIONS`) and intensity int64 [T] in 1..3."""

    labels: np.ndarray
    intensity: np.ndarray

    def part(self, frames: range) -> EmotionTrack:
        """Labels of the given frames only."""
        s = slice(frames.start, frames.stop)
        return EmotionTrack(self.labels[s], self.intensity[s])


@dataclass(frozen=True)
class AudioFeatures:
    """Windowed audio features float32 [T,16,29] (DeepSpeech layout) and what made them."""

    values: np.ndarray
    kind: str

    def part(self, frames: range) -> AudioFeatures:
        """Features of the given frames only."""
        return replace(self, values=self.values[frames.start : frames.stop])


@dataclass(frozen=True)
class MeshRegions:
    """Vertex lists by name (`lip`, `upper`, `eye`), int64 [n], and the sha256 of each file."""

    indices: Mapping[str, np.ndarray]
    sha256: Mapping[str, str]


@dataclass(frozen=True)
class Priors:
    """Offline features in UA-3DTalk's official layout: content f_exp, tone, emotion."""

    content: np.ndarray  # float32 [T,64]
    style: np.ndarray  # float32 [T,64]
    emotion: np.ndarray  # float32 [T,128]

    def part(self, frames: range) -> Priors:
        """Features of the given frames only."""
        s = slice(frames.start, frames.stop)
        return Priors(self.content[s], self.style[s], self.emotion[s])
