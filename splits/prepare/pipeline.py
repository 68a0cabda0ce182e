"""`prepare`: from one raw video of one person to the folder that the field trains on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from harness import weights as registry
from harness.contracts import BadInput, Progress, Unavailable, UnknownName
from harness.media import face_landmarker
from harness.media.audio import write_wav
from harness.media.face_landmarker import FaceLandmarker
from harness.media.landmarks68 import to_ibug68
from harness.storage import make_folder, writing_to
from splits.prepare import action_units, layout, plates, selfie
from splits.prepare.pose import HeadPose, fit_head_pose
from splits.prepare.regions import label_regions
from splits.prepare.segment import person_masks
from splits.prepare.source import FIELD_FPS, Source, open_source
from splits.prepare.track import Crop, FaceTrack, check_crop, choose_crop, track_face

SCHEMA_VERSION = 1

#: Frames from which the background plate is the median.
_PLATE_FRAMES = 64


def _no_progress(stage: str, done: int, total: int, **values: float) -> None:
    """A progress that nobody watches."""


def prepare(
    video: Path,
    out: Path,
    *,
    size: int | None = 512,
    crop: str = "auto",
    fps: int | None = None,
    weights: Path | None = None,
    masks: str = "auto",
    progress: Progress | None = None,
) -> Path:
    """Prepare a video of one talking person for ER-NeRF, TalkingGaussian, UA-3DTalk and us.

    Writes `ori_imgs/{i}.jpg` and `.lms`, `gt_imgs/{i}.jpg`, `parsing/{i}.png`,
    `torso_imgs/{i}.png`, `bc.jpg`, `transforms_{train,val}.json`, `aud.wav` (16 kHz),
    `au.csv`, `expression.npz` (basis mp52), `landmarks478.npz` and `prepare.json`. All is
    written beside `out` and renamed into place at the end: a folder that exists is whole.

    Args:
        video: one person, static camera, face visible throughout, with sound.
        out: the folder to create; its name becomes the split's id.
        size: side of the square pictures, or None to keep the source's pixels.
        crop: `auto` (a static square around the face) or `none` (the whole frame).
        fps: 25 to resample another frame rate to 25; None to accept 25 only.
        weights: the landmarker bundle; None to look it up in the registry.
        masks: `grabcut`, `selfie` (the multiclass segmenter), or `auto`: the segmenter
            where its weights are at hand.
        progress: told stage, done and total.

    Returns:
        `out`.

    Raises:
        BadInput: anything wrong with the video, the options or the folder; nothing is left.
        Unavailable: mediapipe or the landmarker's weights are missing.

    """
    progress = progress or _no_progress
    video, out = Path(video), Path(out)
    if out.exists():
        raise BadInput(out, "it exists already", "Choose another --out, or remove it first.")
    check_crop(size, crop)
    source = open_source(video, fps)
    if source.count < 11:
        raise BadInput(
            video, f"it has {source.count} frames", "Give 11 or more, better some minutes."
        )
    model = weights or registry.resolve(face_landmarker.WEIGHTS_ID)
    segmenter = _segmenter(masks)
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for name in layout.FOLDERS:
            make_folder(partial / name)
        with writing_to(partial.parent):
            _write(partial, source, size, crop, model, segmenter, progress)
            os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def _segmenter(masks: str) -> Path | None:
    """Weights of the selfie segmenter, or None for GrabCut."""
    if masks not in ("auto", "grabcut", "selfie"):
        raise BadInput(f"--masks {masks}", "not a way to segment", "Use auto, grabcut or selfie.")
    if masks == "grabcut":
        return None
    try:
        return registry.resolve(selfie.WEIGHTS_ID)
    except (Unavailable, UnknownName):
        if masks == "selfie":
            raise
        return None


def _tick(progress: Progress, stage: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(stage, done, total)


def _write(
    folder: Path,
    source: Source,
    size: int | None,
    crop: str,
    model: Path,
    segmenter: Path | None,
    progress: Progress,
) -> None:
    """Fill `folder`, pass by pass; frames stay on disk, so length is no matter of memory."""
    with FaceLandmarker(model) as landmarker:
        track = track_face(
            source.path, source.frames(), source.count, landmarker, _tick(progress, "landmarks")
        )
    box = choose_crop(
        source.path, track.landmarks, source.info.height, source.info.width, size, crop
    )
    points = box.points(track.landmarks)
    height, width = box.out_height, box.out_width
    for t, frame in enumerate(source.frames()):
        layout.write_jpeg(folder / "ori_imgs" / f"{t}.jpg", box.apply(frame))
        layout.write_landmarks(folder / "ori_imgs" / f"{t}.lms", to_ibug68(points[t]))
        progress("frames", t + 1, source.count)

    def read(t: int) -> np.ndarray:
        return layout.read_picture(folder / "ori_imgs" / f"{t}.jpg")

    pose = fit_head_pose(points, height, width, FIELD_FPS, _tick(progress, "head pose"))
    tick = _tick(progress, "masks")
    if segmenter is None:
        soft = person_masks(read, points, tick)
    else:
        soft = selfie.selfie_masks(read, source.count, segmenter, tick)

    def person(t: int) -> np.ndarray:
        return cv2.resize(soft[t], (width, height), interpolation=cv2.INTER_LINEAR) > 127

    keys = np.unique(np.linspace(0, source.count - 1, _PLATE_FRAMES).round().astype(int))
    background, seen = plates.background_plate(
        np.stack([read(t) for t in keys]), np.stack([person(t) for t in keys])
    )
    layout.write_jpeg(folder / "bc.jpg", background)
    background = layout.read_picture(folder / "bc.jpg")

    def regions(t: int) -> float:
        picture, who = read(t), person(t)
        labels = label_regions(who, picture, points[t])
        truth = plates.without_noise(picture, who, background)
        layout.write_parsing(folder / "parsing" / f"{t}.png", labels)
        layout.write_jpeg(folder / "gt_imgs" / f"{t}.jpg", truth)
        torso = plates.torso_plate(truth, labels, background)
        layout.write_torso(folder / "torso_imgs" / f"{t}.png", torso)
        behind = ~plates.widen(who)
        moved = np.abs(picture[behind].astype(np.float32) - background[behind])
        return float(moved.mean()) if behind.any() else 0.0

    moved = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for t, value in enumerate(pool.map(regions, range(source.count))):
            moved.append(value)
            progress("plates", t + 1, source.count)

    train, val = layout.write_transforms(folder, pose.world_to_camera, pose.focal, height, width)
    write_wav(folder / "aud.wav", source.audio)
    units = action_units.from_blendshapes(track.blendshapes, track.names)
    action_units.write_openface_csv(folder / "au.csv", units, FIELD_FPS)
    np.savez_compressed(
        folder / "expression.npz", values=track.blendshapes, basis="mp52", names=track.names
    )
    np.savez_compressed(
        folder / "landmarks478.npz", landmarks=points, depth=track.depth * width / box.width
    )
    record = _provenance(source, box, pose, track, model, segmenter)
    record |= {
        "train": [train.start, train.stop],
        "val": [val.start, val.stop],
        "background_seen": seen,
        "background_motion": float(np.mean(moved)),
    }
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (folder / "prepare.json").write_text(text + "\n", encoding="utf-8")


def _provenance(
    source: Source,
    box: Crop,
    pose: HeadPose,
    track: FaceTrack,
    model: Path,
    segmenter: Path | None,
) -> dict[str, Any]:
    """What a reviewer would ask about this folder."""
    packages = ("av", "mediapipe", "numpy", "opencv-contrib-python", "pillow", "scipy")
    versions = {}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    info = source.info
    return {
        "schema_version": SCHEMA_VERSION,
        "source": source.path.name,
        "source_sha256": registry.sha256_of(source.path),
        "source_fps": str(info.fps_exact),
        "source_size": [info.height, info.width],
        "source_frames": info.count,
        "fps": FIELD_FPS,
        "frames": source.count,
        "resampled": source.resampled,
        "crop": asdict(box),
        "focal_length": pose.focal,
        "pose_error_pixels": {"mean": float(pose.error.mean()), "max": float(pose.error.max())},
        "landmarker_sha256": registry.sha256_of(model),
        "masks": "grabcut" if segmenter is None else selfie.WEIGHTS_ID,
        "segmenter_sha256": "" if segmenter is None else registry.sha256_of(segmenter),
        "expression": {"basis": "mp52", "names": list(track.names)},
        "landmarks": "MediaPipe vertices at iBUG positions, not FAN",
        "au": "from blendshapes, not OpenFace",
        "jpeg": "quality 100, 4:4:4",
        "packages": versions,
    }
