from dataclasses import replace
from itertools import islice
from pathlib import Path

import golden
import numpy as np
import pytest
import torch
from helpers import make_clip, noise_frames, run
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contracts import BadInput, FeatureCache, FrameBatch, Masks
from harness.contracts.signals import MASK_BITS
from harness.testing import check_metric
from harness.weights import resolve
from metrics import catalog
from metrics.backbones.lpips import spatial
from metrics.backbones.trunks import VGG16, AlexNet
from metrics.common import regions
from metrics.common.faces import Faces
from metrics.lpips import distances, layers, open_network
from metrics.psnr import CAP_DB

ASSETS = Path(__file__).resolve().parents[4] / "shared/assets"
NAMES = ("head", "face", "mouth")


def boxes(count, side, sizes=(24, 16, 8)):
    """Head, face and mouth as nested squares, uint8 bits [count,side,side]."""
    bits = np.zeros((count, side, side), np.uint8)
    for name, size in zip(NAMES, sizes, strict=True):
        corner = (side - size) // 2
        bits[:, corner : corner + size, corner : corner + size] |= MASK_BITS[name]
    return bits


def with_masks(bits):
    clip = make_clip(len(bits), *bits.shape[1:])
    return replace(clip, signals={"masks": Masks(bits)})


def box(name, frames):
    """The pixels of a region's square."""
    size = dict(zip(NAMES, (24, 16, 8), strict=True))[name]
    corner = (frames.shape[1] - size) // 2
    return frames[:, corner : corner + size, corner : corner + size].astype(np.float64)


def score(name, prediction, truth, bits):
    return run(catalog.build(name), with_masks(bits), prediction, truth)


def test_psnr_is_that_of_the_cut_out_region():
    truth, prediction = noise_frames(0, 3), noise_frames(1, 3)
    result = score("psnr/regions", prediction, truth, boxes(3, 32))
    for name in NAMES:
        error = np.square(box(name, prediction) - box(name, truth)).mean((1, 2, 3))
        expected = 10 * np.log10(255**2 / error)
        np.testing.assert_allclose(result.items[f"psnr/{name}"], expected, atol=1e-10)
        assert result.values[f"psnr/{name}"] == pytest.approx(expected.mean())
    assert result.n == 3
    assert result.details["frames"] == {f"psnr/{name}": 3 for name in NAMES}


def test_head_is_normalised_by_the_mask_area():
    truth = np.full((2, 32, 32, 3), 100, np.uint8)
    prediction = truth.copy()
    prediction[:, 12:20, 12:20] += 10
    bits = boxes(2, 32, (8, 8, 8))
    head = score("psnr/regions", prediction, truth, bits).values["psnr/head"]
    whole = run(catalog.build("psnr"), make_clip(2), prediction, truth).values["psnr"]
    assert head == pytest.approx(-20 * np.log10(10 / 255), abs=1e-9)
    assert whole == pytest.approx(head + 10 * np.log10(16), abs=1e-9)


@pytest.mark.parametrize(("name", "column"), [("psnr", "psnr"), ("ssim", "ssim/torchmetrics")])
def test_full_mask_equals_the_whole_frame(name, column):
    truth, prediction = noise_frames(0, 3), noise_frames(1, 3)
    bits = np.full((3, 32, 32), MASK_BITS["head"], np.uint8)
    head = score(f"{name}/regions", prediction, truth, bits).values[f"{name}/head"]
    whole = run(catalog.build(name), make_clip(3), prediction, truth).values[column]
    assert head == pytest.approx(whole, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_psnr_does_not_see_pixels_outside_the_region(seed):
    rng = np.random.default_rng(seed)
    truth, prediction = noise_frames(seed, 2), noise_frames(seed + 1, 2)
    bits = np.where(rng.random((2, 32, 32)) < 0.5, 15, 0).astype(np.uint8)
    before = score("psnr/regions", prediction, truth, bits).values
    prediction[bits == 0] = rng.integers(0, 256, 3)
    assert score("psnr/regions", prediction, truth, bits).values == before


def test_ssim_sees_only_damage_within_the_window_of_the_mask():
    truth = noise_frames(0, 2, 48, 48)
    prediction = truth.copy()
    prediction[:, :6, :6] = 0
    bits = boxes(2, 48)
    values = score("ssim/regions", prediction, truth, bits).values
    assert values == dict.fromkeys(values, 1.0)
    prediction[:, 12, 12] = 255 - prediction[:, 12, 12]  # a corner of the head
    values = score("ssim/regions", prediction, truth, bits).values
    assert values["ssim/head"] < 0.9995
    assert values["ssim/mouth"] == 1.0


@pytest.mark.parametrize("name", ["psnr/regions", "ssim/regions", "lpips/synthetic-regions"])
def test_empty_mask_is_a_failure_of_that_region_and_frame_only(name):
    truth, prediction = noise_frames(0, 3, 48, 48), noise_frames(1, 3, 48, 48)
    bits = boxes(3, 48)
    bits[1] &= ~np.uint8(MASK_BITS["mouth"])
    result = score(name, prediction, truth, bits)
    assert [(f.type, f.item) for f in result.failures] == [("empty_mask", 1)]
    assert "mouth" in result.failures[0].message
    head, _, mouth = result.items
    assert np.isfinite(result.items[head]).all()
    assert np.isnan(result.items[mouth]).tolist() == [False, True, False]
    assert result.values[mouth] == pytest.approx(result.items[mouth][[0, 2]].mean())


def test_a_region_that_is_never_there_has_no_value():
    truth = noise_frames(0, 2)
    result = score("psnr/regions", truth, truth, boxes(2, 32) & np.uint8(MASK_BITS["head"]))
    assert result.values == {"psnr/head": CAP_DB, "psnr/face": None, "psnr/mouth": None}
    assert [f.type for f in result.failures] == ["empty_mask"] * 4
    assert result.details["identical_regions"]["psnr/head"] == 2
    assert "2 of 2 regions of psnr/head" in result.warnings[0]


def test_masks_of_another_size_are_refused_and_absent_ones_typed():
    frames = noise_frames(0, 2)
    with pytest.raises(BadInput, match=r"\[2, 32, 32\]"):
        run(
            catalog.build("psnr/regions"),
            replace(with_masks(boxes(3, 32)), count=2),
            frames,
            frames,
        )
    result = run(catalog.build("ssim/regions"), make_clip(2), frames, frames)
    assert [f.type for f in result.failures] == ["no_masks"]
    assert set(result.values.values()) == {None}


@pytest.mark.parametrize("name", ["psnr/regions", "ssim/regions", "lpips/synthetic-regions"])
def test_conforms(name):
    truth = noise_frames(0, 7, 48, 48)
    prediction = np.clip(truth * 0.8, 0, 255).astype(np.uint8)
    bits = boxes(7, 48)
    bits[4] = 0
    check_metric(catalog.build(name), with_masks(bits), prediction, truth)


# LPIPS


def test_lpips_of_a_region_is_the_mean_of_the_spatial_map():
    truth, prediction = noise_frames(0, 3, 48, 48), noise_frames(1, 3, 48, 48)
    result = score("lpips/synthetic-regions", prediction, truth, boxes(3, 48))
    net = open_network("synthetic", {"synthetic-perceptual": resolve("synthetic-perceptual")})
    place = spatial(layers(net, prediction, truth), 48, 48).numpy()
    for name in NAMES:
        expected = box(name, place).mean((1, 2))
        np.testing.assert_allclose(result.items[f"lpips/synthetic-{name}"], expected, rtol=1e-6)
    whole = distances(net, prediction, truth)
    np.testing.assert_allclose(place.mean((1, 2)), whole, rtol=1e-5)  # 48 = 16 * 3
    same = score("lpips/synthetic-regions", truth, truth, boxes(3, 48)).values
    assert set(same.values()) == {0.0}


def test_whole_frame_and_regions_share_one_network_and_one_pass(monkeypatch):
    passes = []
    monkeypatch.setattr("metrics.lpips.layers", lambda *args: passes.append(1) or layers(*args))
    truth, prediction = noise_frames(0, 2, 48, 48), noise_frames(1, 2, 48, 48)
    pair = [catalog.build("lpips/synthetic"), catalog.build("lpips/synthetic-regions")]
    batch = FrameBatch(0, prediction, truth, FeatureCache())
    for metric in pair:
        metric.begin(with_masks(boxes(2, 48)))
        metric.update(batch)
    assert len(passes) == 1
    assert pair[0]._network is pair[1]._network


# MediaPipe regions


def face_points(centre=(60.0, 50.0), scale=30.0):
    """Landmarks [478,2] whose oval is a circle and whose lips are a small one below the middle."""
    points = np.zeros((478, 2)) + centre
    turn = np.arange(36) * (2 * np.pi / 36)
    points[list(regions.MP_OVAL)] += scale * np.stack([np.cos(turn), np.sin(turn)], 1)
    turn = np.arange(20) * (2 * np.pi / 20)
    lips = 0.2 * scale * np.stack([np.cos(turn), np.sin(turn)], 1) + (0, 0.5 * scale)
    points[list(regions.MP_OUTER_LIPS)] += lips
    return points


def looks_at(monkeypatch, points, missing=()):
    """Let the landmarker see `points` in all frames but the missing ones; counts its looks."""
    looks = []

    def open_extractor(files, device):
        def look(frames):
            start = sum(looks)
            looks.append(len(frames))
            gone = [start + i in missing for i in range(len(frames))]
            landmarks = np.where(np.array(gone)[:, None, None], np.nan, points)
            reasons = tuple("no_face" if g else None for g in gone)
            return Faces(landmarks, np.zeros((len(frames), 52)), reasons)

        return look

    monkeypatch.setattr("metrics.detectors.mp.open_extractor", open_extractor)
    return looks


def build(name, **files):
    weights = {"mediapipe-face-landmarker": Path("unused")} | files
    spec = catalog.spec(name)
    module, _, entry = spec.entry.partition(":")
    return getattr(__import__(module, fromlist=[entry]), entry)(spec, weights)


def test_mp478_regions_are_the_hulls_of_oval_and_lips(monkeypatch):
    looks = looks_at(monkeypatch, face_points())
    truth, prediction = noise_frames(0, 2, 100, 120), noise_frames(1, 2, 100, 120)
    batch, clip = FrameBatch(0, prediction, truth, FeatureCache()), make_clip(2, 100, 120)
    psnr, ssim = build("psnr/mp478"), build("ssim/mp478")
    for metric in (psnr, ssim):
        metric.begin(clip)
        metric.update(batch)
    assert looks == [2]  # the truth alone, once for both metrics
    result = psnr.compute()
    y, x = np.mgrid[:100, :120] + 0.5
    radius = 0.2 * 30 + regions.LIP_MARGIN * 60
    for name, place in (
        ("face", np.hypot(x - 60, y - 50) < 30),
        ("mouth", np.hypot(x - 60, y - 65) < radius),
    ):
        error = np.square(prediction[:, place].astype(float) - truth[:, place]).mean((1, 2))
        ours = result.items[f"psnr/{name}-mp478"]
        np.testing.assert_allclose(ours, 10 * np.log10(255**2 / error), atol=0.15)
    assert result.details["lip_margin"] == regions.LIP_MARGIN
    assert set(ssim.compute().values) == {"ssim/face-mp478", "ssim/mouth-mp478"}


def test_frames_without_a_true_face_are_failures_of_both_regions(monkeypatch):
    looks_at(monkeypatch, face_points(), missing={1, 4})
    truth, prediction = noise_frames(0, 6, 100, 120), noise_frames(1, 6, 100, 120)
    result = run(build("psnr/mp478"), make_clip(6, 100, 120), prediction, truth)
    assert [(f.type, f.item) for f in result.failures] == [("no_face", 1), ("no_face", 4)]
    assert result.n == 4
    for scores in result.items.values():
        assert np.isnan(scores).nonzero()[0].tolist() == [1, 4]


def test_a_mouth_outside_the_frame_is_an_empty_region(monkeypatch):
    looks_at(monkeypatch, face_points(centre=(60.0, 96.0)))
    truth = noise_frames(0, 1, 100, 120)
    result = run(build("psnr/mp478"), make_clip(1, 100, 120), truth, truth)
    assert [(f.type, f.item) for f in result.failures] == [("empty_mask", 0)]
    assert result.values["psnr/face-mp478"] == CAP_DB
    assert result.values["psnr/mouth-mp478"] is None


@pytest.mark.parametrize(("trunk", "net"), [("alex", AlexNet), ("vgg", VGG16)])
def test_lpips_of_mp478_regions(trunk, net, monkeypatch, tmp_path):
    looks_at(monkeypatch, face_points())
    ids = catalog.spec(f"lpips/{trunk}").weights
    torch.save(golden.seeded_state(net().state_dict(), 1), tmp_path / "trunk.pth")
    files = {ids[0]: tmp_path / "trunk.pth", ids[1]: resolve(ids[1])}
    truth, prediction = noise_frames(0, 1, 100, 120), noise_frames(1, 1, 100, 120)
    metric = build(f"lpips/{trunk}-mp478", **files)
    result = run(metric, make_clip(1, 100, 120), prediction, truth)
    assert result.values[f"lpips/{trunk}-face-mp478"] > 0
    assert not result.failures
    assert result.details["trunk"] == trunk


def test_oval_and_lips_are_mediapipes():
    from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarksConnections as known

    def points(connections):
        return {end for c in connections for end in (c.start, c.end)}

    assert points(known.FACE_LANDMARKS_FACE_OVAL) == set(regions.MP_OVAL)
    assert set(regions.MP_OUTER_LIPS) < points(known.FACE_LANDMARKS_LIPS)
    edges = {frozenset((c.start, c.end)) for c in known.FACE_LANDMARKS_LIPS}
    ring = regions.MP_OUTER_LIPS
    assert all(frozenset(pair) in edges for pair in zip(ring, ring[1:] + ring[:1], strict=True))


@pytest.mark.shared
def test_regions_of_a_real_face(monkeypatch):
    import av

    monkeypatch.setenv("HARNESS_WEIGHTS", str(ASSETS / "weights"))
    with av.open(str(ASSETS / "video/obama_20s.mp4")) as video:
        frames = [f.to_ndarray(format="rgb24") for f in islice(video.decode(video=0), 6)]
    truth = np.stack(frames[:3])
    later, clip = np.stack(frames[3:]), make_clip(3, *truth.shape[1:3])
    psnr = run(catalog.build("psnr/mp478"), clip, later, truth)
    ssim = run(catalog.build("ssim/mp478"), clip, later, truth)
    assert psnr.n == ssim.n == 3
    assert 15 < psnr.values["psnr/mouth-mp478"] < 60
    assert 0.5 < ssim.values["ssim/mouth-mp478"] < 1
    metric = catalog.build("psnr/mp478")
    metric.begin(clip)
    found = metric.regions(FrameBatch(0, later, truth)).masks
    share = {name: mask.mean() for name, mask in found.items()}
    assert 0.02 < share["face"] < 0.4
    assert 0.02 < share["mouth"] / share["face"] < 0.25
    assert (found["mouth"] & ~found["face"]).sum() < 0.05 * found["mouth"].sum()
