"""Sync by a tracked face: `sync/reference` through every lossy file, `sync/direct` through none."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import Clip, FrameBatch, MetricResult, MetricSpec
from metrics.sync.base import Sync
from metrics.sync.crops import Box, reference_crop
from metrics.sync.detect import CONFIDENCE, SCALE, detect, open_s3fd, predicted_faces
from metrics.sync.embed import LipStream, bgr255
from metrics.sync.scenes import Scenes
from metrics.sync.tracks import MAX_GAP, MEDIAN, MIN_FACE, MIN_TRACK, Track, smoothed, tracks_of

#: Frames of a recoded file that pass through the detector together.
CHUNK = 8
#: Samples of sound in a frame.
SAMPLES = 640


class TrackedSync(Sync):
    """Detects, tracks and crops as run_pipeline.py does; frames wait in a file, not in memory.

    A sequence has one result per track there, and one track where there is one subject. Of several
    the longest is scored, with a warning; without any the sequence is a failure.
    """

    def __init__(self, spec: MetricSpec, weights: Mapping[str, Path], device: str = "cpu") -> None:
        super().__init__(spec, weights, device)
        self.lossy = self.variant == "reference"

    def crop_details(self) -> dict[str, Any]:
        """Detector, tracking, crop, and what became of the frames on the way."""
        from harness.media.lossy import build

        details = {
            "detector": f"S3FD, RGB at {SCALE}, probability over {CONFIDENCE}",
            "scenes": "HSV content score, threshold 27",
            "tracking": f"more than {MIN_TRACK} detections, gap {MAX_GAP}, over {MIN_FACE} pixels",
            "crop": f"reference geometry, scale 0.4, median of {MEDIAN}, pad 110",
            "resize": "cv2 INTER_LINEAR",
            **self._found,
        }
        if self.lossy:
            details |= {
                "pictures": "mpeg4 quantiser 2, JPEG quantiser 2, crop as mpeg4 (XVID of OpenCV) "
                "at 1254400 bit/s and JPEG at ffmpeg's default quality; one thread",
                "sound": "MP3 at LAME's default rate for 16 kHz mono",
                "libav": build(),
            }
        return details

    def begin(self, clip: Clip) -> None:
        """Start a sequence; what `Sync.begin` refuses is refused."""
        from harness.media.lossy import Lossless, RecodedAvi

        super().begin(clip)
        self._net = open_s3fd(self.weights["s3fd-sync"], self.device)
        self._folder = tempfile.TemporaryDirectory(prefix="sync-")
        self._path = Path(self._folder.name, "clip.avi" if self.lossy else "clip.mkv")
        size = clip.height, clip.width
        self._file = (
            RecodedAvi(self._path, *size, clip.audio) if self.lossy else Lossless(self._path, *size)
        )
        self._scenes = Scenes()
        self._faces: list[np.ndarray] = []
        self._found: dict[str, Any] = {}

    def update(self, batch: FrameBatch) -> None:
        """Put the next frames aside; without codecs, look for faces in them at once."""
        for frame in batch.prediction:
            self._file.push(frame)
            if not self.lossy:
                self._scenes.push(frame)
        if not self.lossy:
            self._faces += predicted_faces(batch, self._net)

    def compute(self) -> MetricResult:
        """Track, crop and score."""
        self._file.close()
        try:
            return self._score()
        finally:
            self._folder.cleanup()

    def _score(self) -> MetricResult:
        if self.lossy:
            self._look_again()
        tracks = [
            track
            for scene in self._scenes.scenes()
            if len(scene) >= MIN_TRACK
            for track in tracks_of(self._faces[scene.start : scene.stop], scene.start)
        ]
        seen = sum(len(boxes) > 0 for boxes in self._faces)
        self._found = {"tracks": len(tracks), "n_frames": len(self._faces), "n_detected": seen,
                       "n_scenes": len(self._scenes.scenes())}  # fmt: skip
        if not tracks:
            return self.nothing(
                "no_track",
                f"S3FD found a face in {seen} of {len(self._faces)} frames, but none could be "
                f"tracked over more than {MIN_TRACK} frames at more than {MIN_FACE} pixels",
            )
        track = max(tracks, key=len)
        self._found |= {
            "track_frames": [track.start, track.start + len(track)],
            "track_detected": track.detected,
            "mean_position": smoothed(track).mean(0).round(2).tolist(),
        }
        warnings = () if len(tracks) == 1 else (
            f"{len(tracks)} faces were tracked; the longest track is scored ({len(track)} frames)",
        )  # fmt: skip
        try:
            lips = self._embed(track)
        except ValueError as error:
            return self.nothing("crop_outside", str(error))
        return self.scored(lips, self._sound(track), warnings)

    def _pictures(self) -> Iterator[np.ndarray]:
        """The frames in which faces are sought and cropped, uint8 RGB [H,W,3]."""
        from harness.media.lossy import JpegSeries, filled, pictures, to_rgb

        if not self.lossy:
            yield from map(to_rgb, pictures(self._path))
            return
        jpeg = JpegSeries(2)
        for picture in filled(pictures(self._path)):
            yield jpeg(picture)

    def _look_again(self) -> None:
        """Find scenes and faces in the recoded file, as the pipeline does."""
        from harness.media.lossy import pictures, to_rgb

        for picture in pictures(self._path):
            self._scenes.push(to_rgb(picture))
        held: list[np.ndarray] = []
        for frame in self._pictures():
            held.append(frame)
            if len(held) == CHUNK:
                self._faces += detect(self._net, np.stack(held))
                held = []
        if held:
            self._faces += detect(self._net, np.stack(held))

    def _crops(self, track: Track) -> Iterator[np.ndarray]:
        """The track's crops, uint8 RGB [224,224,3]."""
        boxes = smoothed(track)
        for index, frame in enumerate(self._pictures()):
            if index >= track.start + len(track):
                return
            if index >= track.start:
                x, y, half = boxes[index - track.start]
                yield reference_crop(frame, Box(x, y, half), self._embedder.size)

    def _embed(self, track: Track) -> np.ndarray:
        from harness.media.lossy import JpegSeries, OpenCvXvid, pictures

        stream = LipStream(self._embedder)
        if not self.lossy:
            for crop in self._crops(track):
                stream.push(bgr255(crop))
            return stream.finish()
        path = self._path.with_name("crop.avi")
        file = OpenCvXvid(path, self._embedder.size)
        try:
            for crop in self._crops(track):
                file.push(crop)
        finally:
            file.close()
        jpeg = JpegSeries()
        for picture in pictures(path):
            stream.push(bgr255(jpeg(picture)))
        return stream.finish()

    def _sound(self, track: Track) -> np.ndarray:
        """The sound of the track's frames, float32 [S] at 16 kHz."""
        from harness.media.lossy import sound_of

        audio = self._clip.audio
        if self.lossy:
            audio = (sound_of(self._path) / 32768.0).astype(np.float32)
        return audio[track.start * SAMPLES : (track.start + len(track)) * SAMPLES]
