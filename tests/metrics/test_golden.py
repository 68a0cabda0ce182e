"""Our numbers beside those that the reference packages gave for the same inputs."""

import golden
import numpy as np
import pytest
import torch
from helpers import make_clip, run

from metrics import catalog
from metrics.backbones.lpips import PerceptualDistance, spatial
from metrics.backbones.syncnet import SyncNet
from metrics.backbones.trunks import VGG16, AlexNet
from metrics.common.frechet import frechet_distance
from metrics.lpips import distances, layers
from metrics.sync import score as sync_score
from metrics.sync.crops import Box, reference_crop
from metrics.sync.embed import embed
from metrics.sync.tracks import Track, smoothed

VALUES = golden.kept("images") | golden.kept("frechet") | golden.kept("syncnet")


def test_psnr_and_ssim():
    prediction, truth = (v[None] for v in golden.image_pair())
    clip = make_clip(1, *truth.shape[1:3])
    psnr = run(catalog.build("psnr"), clip, prediction, truth).values
    ssim = run(catalog.build("ssim"), clip, prediction, truth).values
    assert psnr["psnr"] == pytest.approx(VALUES["psnr_skimage"], abs=1e-9)
    assert ssim["ssim/torchmetrics"] == pytest.approx(VALUES["ssim_torchmetrics"], abs=1e-6)
    assert ssim["ssim/valid"] == pytest.approx(VALUES["ssim_pytorch_msssim"], abs=2e-6)
    assert ssim["ssim/valid"] == pytest.approx(VALUES["ssim_skimage"], abs=1e-6)
    assert ssim["ssim/skimage"] == pytest.approx(VALUES["ssim_skimage_default"], abs=1e-7)


@pytest.mark.parametrize("size", [192, 177])
def test_ms_ssim(size):
    prediction, truth = (v[None] for v in golden.image_pair(size))
    values = run(catalog.build("ms_ssim"), make_clip(1, size, size), prediction, truth).values
    theirs = VALUES[f"ms_ssim_pytorch_msssim_{size}"]  # with a window in float32
    assert values["ms_ssim/pytorch-msssim"] == pytest.approx(theirs, abs=3e-6)
    theirs = VALUES[f"ms_ssim_torchmetrics_{size}"]
    assert values["ms_ssim/torchmetrics"] == pytest.approx(theirs, abs=1e-6)


def seeded_lpips(trunk):
    net = PerceptualDistance(trunk())
    net.trunk.load_state_dict(golden.seeded_state(net.trunk.state_dict(), 1))
    for k, head in enumerate(golden.seeded_heads(trunk.channels)):
        net.heads[f"lin{k}"].data = torch.from_numpy(head)[None, :, None, None]
    return net.requires_grad_(False)


@pytest.mark.parametrize(("name", "trunk"), [("alex", AlexNet), ("vgg", VGG16)])
def test_lpips_of_a_seeded_trunk(name, trunk):
    net = seeded_lpips(trunk)
    pair = [v[None] for v in golden.image_pair()]
    assert distances(net, *pair)[0] == pytest.approx(VALUES[f"lpips_{name}"], rel=1e-5)
    raw = distances(net, *pair, "[0,1]")[0]
    assert raw == pytest.approx(VALUES[f"lpips_{name}_unnormalised"], rel=1e-5)
    if name == "vgg":
        assert raw == pytest.approx(VALUES["lpips_vgg_3dgs_torchmetrics"], rel=1e-5)
    place = spatial(layers(net, *pair), 64, 64).numpy()[0]
    assert place.mean() == pytest.approx(VALUES[f"lpips_{name}_spatial"], rel=1e-5)
    inside = place[golden.region()].mean()
    assert inside == pytest.approx(VALUES[f"lpips_{name}_region"], rel=1e-5)


def test_frechet_distance():
    distance = frechet_distance(*golden.feature_pair())
    assert distance == pytest.approx(VALUES["frechet_pytorch_fid"], rel=1e-8)
    assert distance == pytest.approx(VALUES["frechet_torch_fidelity"], rel=1e-6)
    few = frechet_distance(*golden.feature_pair(n=90))
    assert few == pytest.approx(VALUES["frechet_few_pytorch_fid"], rel=1e-7)


@pytest.mark.parametrize("folded", [False, True])
def test_seeded_syncnet_scores_a_clip_as_the_reference_does(folded):
    net = SyncNet()
    net.load_state_dict(golden.seeded_state(net.state_dict(), 2))
    net.eval()
    net = net.folded() if folded else net
    frames, sound = golden.talking_clip()
    count = sync_score.window_count(len(frames), len(sound))
    bgr = frames[..., ::-1].astype(np.float32)
    windows = np.stack([bgr[i : i + 5] for i in range(count)]).transpose(0, 4, 1, 2, 3)
    columns = sync_score.mfcc(sound / 32768.0)
    scored = sync_score.score(
        embed(net.forward_lip, windows),
        embed(net.forward_aud, sync_score.mfcc_windows(columns, count)),
    )
    assert scored.offset == VALUES["syncnet_offset"]
    assert scored.confidence == pytest.approx(VALUES["syncnet_confidence"], rel=1e-4)
    assert scored.distance == pytest.approx(VALUES["syncnet_distance"], rel=1e-4)


def test_crops_of_a_track_are_those_of_the_pipeline():
    start, boxes = golden.track()
    frames, _ = golden.talking_clip()
    for k, (x, y, half) in enumerate(smoothed(Track(start, boxes, len(boxes)))):
        if f"crop_{k}_mean" not in VALUES:
            continue
        crop = reference_crop(frames[start + k], Box(x, y, half), 224)
        assert crop.mean() == pytest.approx(VALUES[f"crop_{k}_mean"], abs=1e-9)
        for r, c in golden.CROP_PIXELS:
            assert int(crop[r, c].sum()) == VALUES[f"crop_{k}_{r}_{c}"]
