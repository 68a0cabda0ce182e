"""What surrounds SyncNet, against the packages and OpenCV as installed now."""

import cv2
import golden
import numpy as np
import oracles_s3fd
import oracles_syncnet
import pytest
import torch

from harness.media import lossy
from metrics.backbones.s3fd import FAN, S3FD, SYNC, from_fan
from metrics.backbones.s3fd_boxes import find_faces, prepare
from metrics.common.resample import cv2_resize
from metrics.sync.crops import Box, reference_crop
from metrics.sync.scenes import Scenes
from metrics.sync.tracks import Track, smoothed, tracks_of

pytestmark = pytest.mark.reference


def test_bilinear_resize_is_opencvs_to_the_last_bit():
    rng = np.random.default_rng(0)
    for k in range(90):
        height, width, h, w = map(int, rng.integers(5, 300, 4))
        frame = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        if k % 3 == 0:
            ours, theirs = cv2_resize(frame, 0.25), cv2.resize(frame, (0, 0), fx=0.25, fy=0.25)
        elif k % 3 == 1:
            ours, theirs = cv2_resize(frame, (224, 224)), cv2.resize(frame, (224, 224))
        else:
            ours, theirs = cv2_resize(frame, (h, w)), cv2.resize(frame, (w, h))
        np.testing.assert_array_equal(ours, theirs)
    for side in (112, 448, 896):
        frame = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        np.testing.assert_array_equal(cv2_resize(frame, (224, 224)), cv2.resize(frame, (224, 224)))


@pytest.mark.parametrize("confidence", [0.06, 0.5, 0.9])
def test_s3fd_finds_the_faces_of_syncnets_detector(confidence):
    ours = S3FD(SYNC).eval()
    ours.load_state_dict(oracles_s3fd.syncnet_network().state_dict())
    frame = golden.detector_picture()
    theirs = oracles_s3fd.syncnet_faces(frame, 1.0, confidence)
    found = find_faces(ours, frame[None], confidence)[0]
    assert len(found) == len(theirs) >= 3
    np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-2)


def test_s3fd_has_the_maps_and_faces_of_face_alignment():
    from face_alignment.detection.sfd.net_s3fd import s3fd

    theirs = s3fd().eval()
    theirs.load_state_dict(golden.to_fan(oracles_s3fd.syncnet_network().state_dict()))
    ours = S3FD(FAN).eval()
    ours.load_state_dict(from_fan(theirs.state_dict()))
    frame = golden.detector_picture()
    x = prepare(frame[None], FAN)
    with torch.inference_mode():
        maps = theirs(x)
        scores, boxes = ours(x)
    for k in range(6):
        torch.testing.assert_close(scores[k], maps[2 * k].softmax(1)[:, 1])
        torch.testing.assert_close(boxes[k], maps[2 * k + 1])
    expected = oracles_s3fd.fan_faces(frame)
    found = find_faces(ours, frame[None])[0]
    assert len(found) == len(expected) >= 3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)


def talk(cuts=(), count=150, height=240, width=320):
    """Slow waves whose colours change at the cuts, uint8 RGB [count,height,width,3]."""
    rng = np.random.default_rng(len(cuts))
    y, x = np.mgrid[:height, :width] / height
    phase = rng.uniform(0, 6, 3)
    for k in range(count):
        if k in cuts:
            phase = rng.uniform(0, 6, 3) * 3
        waves = [127 + 120 * np.sin((5 + p) * x + (6 - p) * y + p * 3 + k / 40) for p in phase]
        yield np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("cuts", [(), (60,), (5,), (50, 55, 60, 90), (50, 54, 58, 62, 70, 110)])
def test_scenes_and_scores_are_those_of_scenedetect(cuts, tmp_path):
    from scenedetect import ContentDetector, SceneManager, StatsManager
    from scenedetect.video_manager import VideoManager

    path = tmp_path / "clip.avi"
    file = lossy.RecodedAvi(path, 240, 320, np.zeros(150 * 640, np.float32))
    for frame in talk(cuts):
        file.push(frame)
    file.close()
    video, stats = VideoManager([str(path)]), StatsManager()
    manager = SceneManager(stats)
    manager.add_detector(ContentDetector())
    video.set_downscale_factor()
    video.start()
    manager.detect_scenes(frame_source=video)
    found = manager.get_scene_list() or [(video.get_base_timecode(), video.get_current_timecode())]
    ours = Scenes()
    scores = [ours.push(lossy.to_rgb(picture)) for picture in lossy.pictures(path)]
    expected = [stats.get_metrics(k, ["content_val"])[0] for k in range(1, len(scores))]
    np.testing.assert_allclose(scores[1:], expected, atol=1e-9)
    assert [(s.start, s.stop) for s in ours.scenes()] == [
        (a.frame_num, b.frame_num) for a, b in found
    ]


@pytest.mark.parametrize("seed", range(6))
def test_one_face_a_frame_is_tracked_as_syncnet_python_tracks_it(seed):
    rng = np.random.default_rng(seed)
    corner = np.array([100.0, 80.0]) + rng.normal(0, 6, (400, 2)).cumsum(0)
    boxes = np.concatenate([corner, corner + rng.uniform(95, 125, (400, 2))], 1)
    seen = rng.random(400) > 0.1
    seen[150 : 150 + 20 + 2 * seed] = False
    faces = [box[None] if on else np.zeros((0, 4)) for box, on in zip(boxes, seen, strict=True)]
    given = [[{"frame": i, "bbox": list(b), "conf": 0.99} for b in f] for i, f in enumerate(faces)]
    expected = oracles_syncnet.pipeline(min_track=40)._track(given)
    found = tracks_of(faces, min_track=40)
    assert len(found) == len(expected) >= 1
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.start, len(ours)) == (theirs["frame"][0], len(theirs["frame"]))
        np.testing.assert_allclose(ours.boxes, theirs["bbox"], rtol=1e-12)


def test_crops_of_a_wandering_face_are_the_pipelines_to_the_last_bit():
    frames, _ = golden.talking_clip()
    start, boxes = golden.track()
    theirs = oracles_syncnet.crops(frames, start, boxes)
    for k, (x, y, half) in enumerate(smoothed(Track(start, boxes, len(boxes)))):
        crop = reference_crop(frames[start + k], Box(x, y, half), 224)
        np.testing.assert_array_equal(crop, theirs[k])


def test_the_crop_file_has_the_pictures_of_opencvs(tmp_path):
    writer = cv2.VideoWriter(
        str(tmp_path / "cv.avi"), cv2.VideoWriter_fourcc(*"XVID"), 25, (224, 224)
    )
    file = lossy.OpenCvXvid(tmp_path / "ours.avi", 224)
    for frame in talk(count=40, height=224, width=224):
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
        file.push(frame)
    writer.release()
    file.close()
    ours, theirs = (
        np.stack([p.to_ndarray() for p in lossy.pictures(tmp_path / f"{name}.avi")]).astype(int)
        for name in ("ours", "cv")
    )
    assert np.abs(ours - theirs).max() <= 2
