"""Probes of networks: ours and the references', under one set of seeded weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import golden
import numpy as np
import torch

from benchmarks import seeded
from benchmarks.parity_pixels import largest, noise, relative
from benchmarks.precision import probe

#: Differences of features are shares of the reference's largest one.
SHARE = "(relative)"
#: Random pictures per network.
COUNT = 3


def pictures(count: int, height: int, width: int) -> np.ndarray:
    """White noise uint8 [count,height,width,3]."""
    return np.stack([noise(k, height, width) for k in range(count)])


def tensor(frames: np.ndarray) -> torch.Tensor:
    """Frames uint8 [B,H,W,3] as float32 [B,3,H,W] in 0..1."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255


def scored(metric_id: str, prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Our metric's values of each frame, with seeded weights, float64 [B]."""
    from helpers import make_clip, run

    from metrics import catalog
    from metrics.lpips import LPIPS

    with tempfile.TemporaryDirectory() as folder:
        metric = LPIPS(catalog.spec(metric_id), seeded.write(Path(folder)))
        result = run(metric, make_clip(len(truth), *truth.shape[1:3]), prediction, truth)
    return result.items[metric_id]


def lpips(metric_id: str, net: str, normalize: bool) -> Callable[[], float]:
    """Ours beside lpips 0.1.4 over a trunk with seeded values, and the published heads."""

    def measure() -> float:
        import lpips as package

        model = package.LPIPS(net=net, pnet_rand=True, verbose=False)
        state = seeded.STATES["lpips-alexnet" if net == "alex" else "lpips-vgg16"]()
        model.net.load_state_dict(
            {key: state[f"features.{key.split('.', 1)[1]}"] for key in model.net.state_dict()}
        )
        pairs = [golden.image_pair(size) for size in (64, 96, 129)]
        found = []
        for prediction, truth in pairs:
            with torch.inference_mode():
                theirs = model(
                    tensor(prediction[None]), tensor(truth[None]), normalize=normalize
                ).item()
            found.append(abs(scored(metric_id, prediction[None], truth[None])[0] - theirs))
        return float(max(found))

    return measure


for _id, _net, _normalize in (
    ("lpips/alex", "alex", True),
    ("lpips/vgg", "vgg", True),
    ("lpips/vgg-3dgs", "vgg", False),
):
    probe(
        _id,
        *(("tlp/alex",) if _id == "lpips/alex" else ()),
        stage="network",
        reference="lpips 0.1.4, published heads over the seeded trunk",
        on="three textured pictures of 64, 96 and 129 pixels, shifted and noisy",
    )(lpips(_id, _net, _normalize))


@probe(
    "fid",
    stage="network",
    reference="pytorch-fid 0.3.0 InceptionV3, resize included",
    on="white noise of 120x90 and of 320x350; 2048 features",
    unit=SHARE,
)
def inception() -> float:
    """Features by our folded network and by the reference's."""
    import oracles_inception

    from metrics.backbones.inception import open_inception

    theirs = oracles_inception.fid_networks()[0]
    with tempfile.TemporaryDirectory() as folder:
        ours = open_inception(seeded.write(Path(folder))["fid-inception"])
    found = []
    with torch.inference_mode():
        for picture in (noise(0, 120, 90), noise(1, 320, 350)):
            x = tensor(picture[None])
            found.append(relative(ours(x).numpy(), theirs(x)[0][..., 0, 0].numpy()))
    return max(found)


@probe(
    "e_fid/deep3d",
    stage="network",
    reference="torchvision ResNet-50 (Deep3DFaceRecon's backbone)",
    on="white noise of 224x224; 2048 features",
    unit=SHARE,
)
def resnet() -> float:
    """The pooled features."""
    import oracles_inception

    from metrics.backbones.resnet50 import ResNet50

    theirs = oracles_inception.resnet50()
    ours = ResNet50().eval()
    ours.load_state_dict(theirs.state_dict())
    x = tensor(pictures(COUNT, 224, 224))
    with torch.inference_mode():
        return relative(ours(x).flatten(1).numpy(), theirs(x).flatten(1).numpy())


@probe(
    "sync/*",
    stage="network",
    reference="syncnet-python 0.2.3 SyncNetModel.S",
    on="three random lip windows and MFCC windows; 1024-d embeddings",
    unit=SHARE,
)
def syncnet() -> float:
    """Lip and sound embeddings, by the network as it is used: without batch norms."""
    import oracles_syncnet

    from metrics.backbones.syncnet import SyncNet

    theirs = oracles_syncnet.syncnet_network()
    ours = SyncNet().eval()
    ours.load_state_dict(theirs.state_dict())
    ours = ours.folded()
    rng = np.random.default_rng(1)
    lips = torch.from_numpy(rng.uniform(0, 255, (COUNT, 3, 5, 224, 224)).astype(np.float32))
    sound = torch.from_numpy(rng.normal(0, 10, (COUNT, 1, 13, 20)).astype(np.float32))
    with torch.inference_mode():
        return max(
            relative(ours.forward_lip(lips).numpy(), theirs.forward_lip(lips).numpy()),
            relative(ours.forward_aud(sound).numpy(), theirs.forward_aud(sound).numpy()),
        )


@probe(
    "sync/reference",
    "sync/direct",
    stage="detector",
    reference="syncnet-python 0.2.3 S3FD.detect_faces",
    on="a 130x150 picture with faces at every level of the seeded network",
    unit="px",
)
def s3fd_sync() -> float:
    """Boxes of SyncNet's detector."""
    import oracles_s3fd

    from metrics.backbones.s3fd import S3FD, SYNC
    from metrics.backbones.s3fd_boxes import find_faces

    ours = S3FD(SYNC).eval()
    ours.load_state_dict(oracles_s3fd.syncnet_network().state_dict())
    frame = golden.detector_picture()
    found = find_faces(ours, frame[None], 0.5)[0]
    return largest(found, oracles_s3fd.syncnet_faces(frame, 1.0, 0.5))


@probe(
    "lmd/fan68",
    "e_fid/deep3d",
    stage="detector",
    reference="face-alignment 1.5.0 SFDDetector",
    on="a 130x150 picture with faces at every level of the seeded network",
    unit="px",
)
def s3fd_fan() -> float:
    """Boxes of face-alignment's detector."""
    import oracles_s3fd

    from metrics.backbones.s3fd import FAN, S3FD
    from metrics.backbones.s3fd_boxes import find_faces

    ours = S3FD(FAN).eval()
    ours.load_state_dict(oracles_s3fd.syncnet_network().state_dict())
    frame = golden.detector_picture()
    return largest(find_faces(ours, frame[None])[0], oracles_s3fd.fan_faces(frame))


@probe(
    "lmd/fan68",
    "e_fid/deep3d",
    stage="network",
    reference="face-alignment 1.5.0 FAN(4)",
    on="a 256x256 picture; 68 heatmaps",
    unit=SHARE,
)
def fan() -> float:
    """Heatmaps of the last hourglass."""
    import oracles_fan

    from metrics.backbones.fan import FAN

    theirs = oracles_fan.network()
    ours = FAN().eval()
    ours.load_state_dict(theirs.state_dict())
    with torch.inference_mode():
        expected = theirs(golden.fan_input())[-1].numpy()
        return relative(ours(golden.fan_input()).numpy(), expected)


@probe(
    "lmd/fan68",
    "e_fid/deep3d",
    stage="landmarks",
    reference="face-alignment 1.5.0 get_preds_fromhm",
    on="68 random heatmaps in each of five boxes, with maxima on edges and in corners, and ties",
    unit="px",
)
def fan_landmarks() -> float:
    """Landmarks of given heatmaps."""
    import oracles_fan

    from metrics.backbones import fan_points

    places = [fan_points.place_of(box) for box in golden.fan_boxes()]
    return largest(fan_points.landmarks(golden.heatmaps(), places), oracles_fan.decoded())
