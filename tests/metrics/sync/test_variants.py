"""The protocols of Sync over a small network and a detector that sees what it is told to."""

import importlib
from pathlib import Path

import golden
import numpy as np
import pytest
import torch
from helpers import make_clip, run
from torch import nn

from harness.contracts import BadInput, FrameBatch
from harness.media.audio import read_audio
from harness.media.video import read_frames
from harness.testing import check_metric
from metrics import catalog
from metrics.backbones.s3fd import S3FD
from metrics.sync import detect as sync_detect
from metrics.sync import embed as sync_embed
from metrics.sync import score as sync_score
from metrics.sync.crops import Box, reference_crop
from metrics.sync.embed import Embedder, LipStream

COUNT, SIDE = 108, 256
#: Centre and half side of the face; not whole, since the crop cuts decimals off.
FACE = Box(128.4, 128.4, 80.2)


class SmallSyncNet(nn.Module):
    width, size = 12, 224

    def __init__(self):
        super().__init__()
        self.lip = nn.Linear(3 * 5 * 16, self.width)
        self.aud = nn.Linear(13 * 20, self.width)

    def forward_lip(self, frames):
        return self.lip(nn.functional.adaptive_avg_pool3d(frames, (5, 4, 4)).flatten(1) / 60)

    def forward_aud(self, mfcc):
        return self.aud(mfcc.flatten(1) / 10)

    def folded(self):
        return self


def face_state():
    """S3FD that sees `FACE` in every frame of 256 pixels."""
    state = {k: torch.zeros(1).expand(v.shape) for k, v in S3FD().state_dict().items()}
    for level in range(6):
        size = 4 if level == 0 else 2
        state[f"conf.{level}.bias"] = torch.tensor([*[9.0] * (size - 1), 0.0])
    state["conf.5.bias"] = torch.tensor([0.0, 9.0])
    # Level 6 has one anchor here, of 512 pixels at (64,64) of the small frame.
    shift = (FACE.x / 4 - 64) / 51.2
    smaller = float(np.log(FACE.half / 2 / 512) / 0.2)
    state["loc.5.bias"] = torch.tensor([shift, shift, smaller, smaller])
    return state


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Weights of the small network, and in place of S3FD one that always sees `FACE`."""
    monkeypatch.setattr("metrics.backbones.syncnet.SyncNet", SmallSyncNet)
    torch.save(golden.seeded_state(SmallSyncNet().state_dict(), 4), tmp_path / "syncnet.pth")
    small = np.array([FACE.x, FACE.y]) / 4, FACE.half / 4
    box = np.array([[*(small[0] - small[1]), *(small[0] + small[1]), 0.99]])
    monkeypatch.setattr("metrics.sync.tracked.open_s3fd", lambda path, device: None)
    monkeypatch.setattr(
        "metrics.backbones.s3fd_boxes.find_faces", lambda net, frames, _: [box] * len(frames)
    )
    return {"syncnet": tmp_path / "syncnet.pth", "s3fd-sync": tmp_path / "unread.pth"}


def test_the_detector_is_read_once_and_sees_the_face_in_full_pixels(tmp_path):
    torch.save(face_state(), tmp_path / "s3fd.pth")
    net = sync_detect.open_s3fd(tmp_path / "s3fd.pth")
    assert sync_detect.open_s3fd(tmp_path / "s3fd.pth") is net
    frames = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    batch = FrameBatch(0, frames, frames)
    found = sync_detect.predicted_faces(batch, net)
    assert sync_detect.predicted_faces(batch, net) is found
    low, high = FACE.x - FACE.half, FACE.x + FACE.half
    for boxes in found:
        np.testing.assert_allclose(boxes[:, :4], [[low, low, high, high]], rtol=1e-4)
        assert boxes[0, 4] > 0.99


def test_boxes_are_fractions_of_a_frame_whose_quarter_is_not_whole(monkeypatch):
    full = np.array([[0, 0, 66, 50, 0.99]])  # all of the small frame
    monkeypatch.setattr("metrics.backbones.s3fd_boxes.find_faces", lambda *_: [full])
    found = sync_detect.detect(None, np.zeros((1, 202, 263, 3), np.uint8))
    np.testing.assert_allclose(found[0], [[0, 0, 263, 202, 0.99]])


@pytest.fixture(scope="module")
def talk():
    """A textured head whose mouth follows the loudness; frames and sound."""
    rng = np.random.default_rng(3)
    loud = np.repeat(rng.random(COUNT // 3 + 1), 3)[:COUNT]
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    base = np.stack([120 + 60 * np.sin(9 * x + k) * np.cos(7 * y) for k in range(3)], -1)
    mouth = np.exp(-(((x - 0.5) / 0.15) ** 2))
    frames = [
        base - 110 * (mouth * np.exp(-(((y - 0.65) / (0.02 + 0.1 * v)) ** 2)))[..., None]
        for v in loud
    ]
    sound = rng.normal(0, 0.2, COUNT * 640) * np.repeat(loud, 640)
    return np.clip(frames, 0, 255).astype(np.uint8), sound.astype(np.float32)


def metric(variant, weights):
    spec = catalog.spec(f"sync/{variant}")
    module, name = spec.entry.split(":")
    return spec, getattr(importlib.import_module(module), name)(spec, weights)


def score(variant, weights, frames, sound, batch=16):
    clip = make_clip(len(frames), *frames.shape[1:3], audio=sound)
    return run(metric(variant, weights)[1], clip, frames, frames, batch)


def by_hand(frames, sound, weights):
    """Scores of crops uint8 RGB [T,224,224,3], one window at a time."""
    net = Embedder("syncnet", weights["syncnet"], "cpu").network
    count = sync_score.window_count(len(frames), len(sound))
    bgr = torch.from_numpy(frames[..., ::-1].astype(np.float32)).permute(3, 0, 1, 2)[None]
    mfcc = sync_score.mfcc(sound)
    with torch.no_grad():
        lips = [net.forward_lip(bgr[:, :, i : i + 5])[0].numpy() for i in range(count)]
        heard = [
            net.forward_aud(torch.tensor(mfcc[None, None, :, 4 * i : 4 * i + 20]).float())[0]
            for i in range(count)
        ]
    return sync_score.score(np.stack(lips), np.stack([h.numpy() for h in heard]))


@pytest.mark.parametrize("variant", ["reference", "direct", "wav2lip-lrs"])
def test_every_protocol_conforms(variant, weights, talk):
    frames, sound = talk
    clip = make_clip(COUNT, SIDE, SIDE, audio=sound)
    check_metric(metric(variant, weights)[1], clip, frames, frames)


def test_direct_is_the_crop_of_the_track_and_nothing_else(weights, talk):
    frames, sound = talk
    result = score("direct", weights, frames, sound)
    assert result.details["tracks"] == result.details["n_scenes"] == 1
    assert result.details["n_detected"] == COUNT
    assert result.details["track_frames"] == [0, COUNT]
    assert result.details["mean_position"][:2] == pytest.approx([128.4, 128.4])
    crops = np.stack([reference_crop(f, FACE, 224) for f in frames])
    expected = by_hand(crops, sound, weights)
    assert result.n == expected.windows == COUNT - 5
    assert result.values["sync_d/direct"] == pytest.approx(expected.distance, rel=1e-5)
    assert result.values["sync_c/direct"] == pytest.approx(expected.confidence, rel=1e-4)
    assert result.details["offset"] == expected.offset


def test_the_reference_differs_from_direct_by_its_codecs_alone(weights, talk):
    frames, sound = talk
    direct = score("direct", weights, frames, sound)
    lossy = score("reference", weights, frames, sound)
    d, r = direct.values["sync_d/direct"], lossy.values["sync_d/reference"]
    assert d != r
    assert r == pytest.approx(d, rel=0.15)
    # The recoding repeats two frames at the start; scenes end with the stored ones.
    assert lossy.details["n_frames"] == COUNT + 2
    assert lossy.details["track_frames"] == [0, COUNT]
    assert lossy.n == COUNT - 5
    assert "libavcodec" in lossy.details["libav"]
    assert "XVID" in lossy.details["pictures"]
    assert "MP3" in lossy.details["sound"]
    again = score("reference", weights, frames, sound, batch=7)
    assert again.values == lossy.values


def test_the_whole_frame_needs_no_face(weights, talk):
    frames, sound = talk
    frames = frames[:40]
    result = score("wav2lip-lrs", {"syncnet": weights["syncnet"]}, frames, sound[: 40 * 640])
    assert result.n == 35
    assert result.details["detector"] is None
    assert "35 windows" in result.warnings[0]
    assert result.values["sync_d/wav2lip-lrs"] > 0


@pytest.mark.parametrize("variant", ["reference", "direct"])
def test_a_short_track_is_a_failure_and_not_a_number(variant, weights, talk):
    frames, sound = talk
    result = score(variant, weights, frames[:100], sound[: 100 * 640])
    assert set(result.values.values()) == {None}
    assert result.failures[-1].type == "no_track"
    seen = 102 if variant == "reference" else 100
    assert f"in {seen} of {seen} frames" in result.failures[-1].message
    assert "over more than 100" in result.failures[-1].message
    assert result.details["tracks"] == 0


def test_of_several_tracks_the_longest_is_scored(weights, talk, monkeypatch):
    frames, sound = talk

    def two(batch, net):
        left, right = [10.0, 40, 150, 180, 0.99], [120.0, 40, 250, 180, 0.98]
        return [
            np.array([left, right] if i >= 3 else [right]) for i in batch.frames
        ]  # the left one comes three frames later

    monkeypatch.setattr("metrics.sync.tracked.predicted_faces", two)
    result = score("direct", weights, frames, sound)
    assert result.details["tracks"] == 2
    assert result.details["track_frames"] == [0, COUNT]
    assert result.details["mean_position"][0] == pytest.approx(185, abs=25)
    assert "2 faces were tracked" in result.warnings[0]


def test_sound_of_the_track_is_cut_with_it(weights, talk, monkeypatch):
    frames, sound = talk

    def late(batch, net):
        box = np.array([[48.2, 48.2, 208.6, 208.6, 0.99]])
        return [box if i >= 4 else np.zeros((0, 5)) for i in batch.frames]

    monkeypatch.setattr("metrics.sync.tracked.predicted_faces", late)
    result = score("direct", weights, frames, sound)
    crops = np.stack([reference_crop(f, FACE, 224) for f in frames[4:]])
    expected = by_hand(crops, sound[4 * 640 :], weights)
    assert result.details["track_frames"] == [4, COUNT]
    assert result.values["sync_d/direct"] == pytest.approx(expected.distance, rel=1e-5)


@pytest.mark.parametrize("variant", ["reference", "direct", "wav2lip-lrs"])
def test_another_frame_rate_is_refused_with_its_number_and_a_cure(variant, weights):
    clip = make_clip(10)
    other = type(clip)(**{**vars(clip), "fps": 30.0})
    with pytest.raises(BadInput, match=r"30 fps.*25 only.*ffmpeg"):
        metric(variant, weights)[1].begin(other)


def test_no_window_is_a_failure(weights, talk):
    frames, sound = talk
    result = score("wav2lip-lrs", weights, frames[:5], sound[:3200])
    assert result.failures[-1].type == "too_short"
    assert "5 frames and 3200 samples" in result.failures[-1].message


def test_no_file_stays_behind(weights, talk, tmp_path, monkeypatch):
    import tempfile

    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    frames, sound = talk
    score("direct", weights, frames, sound)
    score("reference", weights, frames[:50], sound[: 50 * 640])
    assert list(folder.iterdir()) == []


def test_one_network_and_one_sound_for_all_variants(weights, talk, monkeypatch):
    frames, sound = talk
    calls = []
    mfcc = sync_score.mfcc
    monkeypatch.setattr(sync_score, "mfcc", lambda audio: calls.append(1) or mfcc(audio))
    held = [metric(v, weights)[1] for v in ("direct", "wav2lip-lrs")]
    for one in held:
        run(one, make_clip(COUNT, SIDE, SIDE, audio=sound), frames, frames, 32)
    assert held[0]._embedder is held[1]._embedder
    assert len(calls) == 1


def test_equal_embeddings_are_in_time_through_the_whole_metric(weights, talk, monkeypatch):
    frames, sound = talk
    lips = np.random.default_rng(0).normal(size=(COUNT - 4, 1024))
    monkeypatch.setattr(sync_embed.LipStream, "finish", lambda self: lips)
    monkeypatch.setattr(sync_embed.Embedder, "sound", lambda self, audio, n: lips[:n])
    result = score("wav2lip-lrs", weights, frames, sound)
    assert result.details["offset"] == 0
    assert result.values["sync_d/wav2lip-lrs"] == pytest.approx(1e-6 * np.sqrt(1024), rel=1e-6)


def test_a_stream_embeds_every_window_once(weights):
    embedder = Embedder("syncnet", weights["syncnet"], "cpu")
    crops = np.random.default_rng(0).uniform(0, 255, (45, 224, 224, 3)).astype(np.float32)
    stream = LipStream(embedder)
    for k, crop in enumerate(crops):
        stream.push(None if k == 20 else crop)
    rows = stream.finish()
    windows = np.stack([crops[i : i + 5] for i in range(41)])
    expected = embedder.lips(windows)
    blind = np.zeros(41, bool)
    blind[16:21] = True
    assert np.isnan(rows[blind]).all()
    np.testing.assert_allclose(rows[~blind], expected[~blind], rtol=1e-5, atol=1e-6)
    empty = LipStream(embedder)
    empty.push(crops[0])
    assert empty.finish().shape == (0, 12)


def test_every_spec_says_what_it_computes():
    specs = [s for s in catalog.specs().values() if s.id.startswith("sync/")]
    assert {s.id.split("/")[1] for s in specs} == {
        "synthetic",
        "reference",
        "direct",
        "direct-mp",
        "wav2lip-lrs",
    }
    for spec in specs:
        assert spec.formula
        assert len(spec.traps) >= 5


GRID = Path(__file__).parents[4] / "shared" / "assets" / "video" / "grid"
OBAMA = GRID.parent / "obama_20s.mp4"


def recorded(path):
    """A sequence of three seconds: frames uint8 RGB, sound float32 at 16 kHz."""
    frames = np.stack(list(read_frames(path)))
    return frames, read_audio(path)[: len(frames) * 640]


@pytest.mark.shared
@pytest.mark.weights("syncnet", "mediapipe-face-landmarker")
def test_real_lips_are_nearer_to_their_own_sound():
    # GRID's sequences have 75 frames: too short for a track, so the box is MediaPipe's.
    clips = [recorded(path) for path in sorted(GRID.glob("*.mpg"))]
    own, other = [], []
    for k, (frames, sound) in enumerate(clips):
        stranger = clips[(k + 1) % len(clips)][1]
        for heard, found in ((sound, own), (stranger, other)):
            clip = make_clip(len(frames), *frames.shape[1:3], audio=heard)
            result = run(catalog.build("sync/direct-mp"), clip, frames, frames, 25)
            found.append(result.values["sync_d/direct-mp"])
    assert len(clips) == 5
    assert sum(a < b for a, b in zip(own, other, strict=True)) >= 4


@pytest.mark.shared
@pytest.mark.weights("syncnet", "s3fd-sync")
def test_a_long_recording_is_one_track_nearer_to_its_own_sound():
    frames, sound = (v[:n] for v, n in zip(recorded(OBAMA), (200, 200 * 640), strict=True))
    for variant in ("direct", "reference"):
        found = []
        for heard in (sound, sound[::-1].copy()):
            clip = make_clip(len(frames), *frames.shape[1:3], audio=heard)
            found.append(run(catalog.build(f"sync/{variant}"), clip, frames, frames, 25))
        assert found[0].details["tracks"] == 1
        own, other = (result.values[f"sync_d/{variant}"] for result in found)
        assert own < other
