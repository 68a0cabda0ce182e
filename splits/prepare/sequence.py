"""One tracked video becomes one folder of the layout, pass by pass; frames stay on disk."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from harness import weights as registry
from harness.contracts import Progress
from harness.files.documents import read_object
from harness.files.pictures import read_picture
from harness.lipsync.lips import lips_apart
from harness.lipsync.offset import Offset, estimate, sentence
from harness.media.audio import write_wav
from harness.media.landmarks68 import to_ibug68
from harness.storage import make_folder
from splits.prepare import action_units, layout, plates
from splits.prepare.fidelity import Fidelity, composite_psnr, doubt
from splits.prepare.masks.grabcut import subject_masks
from splits.prepare.masks.subject import network_masks
from splits.prepare.pose import HeadPose
from splits.prepare.regions import label_regions
from splits.prepare.sheet import write_sheet
from splits.prepare.source import Source
from splits.prepare.tracking.crop import Crop
from splits.prepare.tracking.track import FaceTrack

SCHEMA_VERSION = 1

#: Frames from which the background plate is the median.
_PLATE_FRAMES = 64

#: How sound that is late or early is moved.
_MOVE = "`--audio-offset {:.2f}` moves it."

#: Frames of a single video below which it cannot be trained on.
_FEWEST = 53

#: Seconds below which a single video is said to be short.
_SHORT = 20.0


@dataclass(frozen=True)
class Networks:
    """Weights: file of the landmarker; id and file of the segmenter (None: GrabCut)."""

    landmarker: Path
    segmenter_id: str = "grabcut"
    segmenter: Path | None = None


@dataclass(frozen=True)
class Tracked:
    """A video, its face track, its crop, and what is doubtful about them, one sentence each."""

    source: Source
    track: FaceTrack
    box: Crop
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> np.ndarray:
        """Landmarks in pixels of the cropped frames, float32 [T,478,2]."""
        return self.box.points(self.track.landmarks)


def tick_of(progress: Progress, stage: str) -> Callable[[int, int], None]:
    """Progress of one stage."""
    return lambda done, total: progress(stage, done, total)


def write_frames(folder: Path, video: Tracked, progress: Progress) -> None:
    """Make the folder, and write its cropped frames and their landmarks."""
    for name in layout.FOLDERS:
        make_folder(folder / name)
    points = video.points
    for t, frame in enumerate(video.source.frames()):
        layout.write_jpeg(folder / "ori_imgs" / f"{t}.jpg", video.box.apply(frame))
        layout.write_landmarks(folder / "ori_imgs" / f"{t}.lms", to_ibug68(points[t]))
        progress("frames", t + 1, video.source.count)


def write_rest(
    folder: Path,
    video: Tracked,
    pose: HeadPose,
    networks: Networks,
    progress: Progress,
    accept: bool = False,
    alone: bool = True,
) -> None:
    """Write everything that follows from a folder's frames, landmarks and poses.

    Args:
        folder: holds frames already.
        video: what they were cut from.
        pose: of the head.
        networks: that make masks.
        progress: called with stage, done and total.
        accept: go on where masks do not hold.
        alone: whether the video is the subject's only one.

    Raises:
        BadInput: the masks do not hold, and `accept` does not say to go on.

    """
    source, track, box, points = video.source, video.track, video.box, video.points
    height, width = box.out_height, box.out_width

    def read(t: int) -> np.ndarray:
        return read_picture(folder / "ori_imgs" / f"{t}.jpg")

    tick = tick_of(progress, "masks")
    if networks.segmenter is None:
        soft = subject_masks(read, points, tick)
    else:
        soft = network_masks(read, points, networks.segmenter_id, networks.segmenter, tick)

    def subject(t: int) -> np.ndarray:
        return cv2.resize(soft[t], (width, height), interpolation=cv2.INTER_LINEAR) > 127

    keys = np.unique(np.linspace(0, source.count - 1, _PLATE_FRAMES).round().astype(int))
    background, seen = plates.background_plate(
        np.stack([read(t) for t in keys]), np.stack([subject(t) for t in keys])
    )
    layout.write_jpeg(folder / "bc.jpg", background)
    background = read_picture(folder / "bc.jpg")

    def regions(t: int) -> float:
        image, who = read(t), subject(t)
        labels = label_regions(who, image, points[t])
        truth = plates.without_noise(image, who, background)
        layout.write_parsing(folder / "parsing" / f"{t}.png", labels)
        layout.write_jpeg(folder / "gt_imgs" / f"{t}.jpg", truth)
        torso = plates.torso_plate(truth, labels, background)
        layout.write_torso(folder / "torso_imgs" / f"{t}.png", torso)
        return composite_psnr(image, truth, torso, labels, background)

    psnr = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for t, value in enumerate(pool.map(regions, range(source.count))):
            psnr.append(value)
            progress("plates", t + 1, source.count)

    opening = track.blendshapes[:, track.names.index("jawOpen")]
    mouth = np.stack([opening, lips_apart(track.landmarks)], axis=1)
    offset = estimate(mouth, source.audio, source.fps)
    fidelity = Fidelity(np.array(psnr), source.fps)
    if not accept:
        fidelity.check(source.path)

    train, val = layout.write_transforms(folder, pose.world_to_camera, pose.focal, height, width)
    write_wav(folder / "aud.wav", source.audio)
    units = action_units.from_blendshapes(track.blendshapes, track.names)
    action_units.write_openface_csv(folder / "au.csv", units, source.fps)
    np.savez_compressed(
        folder / "expression.npz", values=track.blendshapes, basis="mp52", names=track.names
    )
    np.savez_compressed(
        folder / "landmarks478.npz", landmarks=points, depth=track.depth * width / box.width
    )
    record = _provenance(video, pose, networks)
    record |= {
        "train": [train.start, train.stop],
        "val": [val.start, val.stop],
        "background_seen": seen,
        "composite_psnr": fidelity.record,
        "audio_offset": asdict(offset),
        "accepted": accept,
    }
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (folder / "prepare.json").write_text(text + "\n", encoding="utf-8")
    said = [text.removeprefix(f"{folder}: ") for text in doubts(folder, alone)]
    write_sheet(folder, points, opening, source.audio, fidelity.values, record, said)


def doubts(folder: Path, alone: bool = True) -> list[str]:
    """What is usable but doubtful about a prepared folder, one sentence each.

    Args:
        folder: a prepared sequence.
        alone: whether it is the subject's only one, which may then be too short.

    """
    record = read_object(folder / "prepare.json", "Prepare the video again.")
    found = list(record["notes"])
    if late := sentence(folder, Offset(**record["audio_offset"])):
        found.append(f"{late} {_MOVE.format(-record['audio_offset']['seconds'])}")
    if record["masks"] == "grabcut":
        found.append(
            f"{folder}: its masks were made by GrabCut, which takes dark hair for background in "
            "one person of two. `python -m harness weights fetch mediapipe-selfie` (249 kB) gives "
            "better ones."
        )
    if off := doubt(folder, record["composite_psnr"]):
        found.append(off)
    if alone and record["frames"] < _FEWEST:
        found.append(
            f"{folder}: it has {record['frames']} frames, and UA-3DTalk needs {_FEWEST}: 48 to "
            "train on and the eleventh part to test on. `run` will refuse it."
        )
    if alone and (seconds := record["frames"] / record["fps"]) < _SHORT:
        found.append(
            f"{folder}: it lasts {seconds:.1f} s; methods usually train on a few minutes. Prepare "
            "several videos of the subject in one command to train on all of them."
        )
    return found


def _angles(track: FaceTrack) -> dict[str, list[float]]:
    """Least, median and greatest degrees, as the landmarker reads them."""
    found = np.percentile(track.angles, (0, 50, 100), axis=0).round(1)
    return {name: found[:, i].tolist() for i, name in enumerate(("yaw", "pitch", "roll"))}


def _provenance(video: Tracked, pose: HeadPose, networks: Networks) -> dict[str, Any]:
    """What a reviewer would ask about this folder."""
    packages = ("av", "mediapipe", "numpy", "opencv-contrib-python", "pillow", "scipy")
    versions: dict[str, str | None] = {}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    source, segmenter = video.source, networks.segmenter
    info = source.info
    return {
        "schema_version": SCHEMA_VERSION,
        "source": source.path.name,
        "source_sha256": registry.sha256_of(source.path),
        "source_fps": str(info.fps_exact),
        "source_size": [info.height, info.width],
        "source_frames": info.count,
        "fps": source.fps,
        "frames": source.count,
        "resampled": source.resampled,
        "window": [source.window.start, source.window.stop],
        "notes": list(video.notes),
        "head_angles": _angles(video.track),
        "crop": asdict(video.box),
        "focal_length": pose.focal,
        "pose_error_pixels": {"mean": float(pose.error.mean()), "max": float(pose.error.max())},
        "landmarker_sha256": registry.sha256_of(networks.landmarker),
        "masks": networks.segmenter_id,
        "segmenter_sha256": "" if segmenter is None else registry.sha256_of(segmenter),
        "expression": {"basis": "mp52", "names": list(video.track.names)},
        "landmarks": "MediaPipe vertices at iBUG positions, not FAN",
        "au": "from blendshapes, not OpenFace",
        "jpeg": "quality 100, 4:4:4",
        "packages": versions,
    }
