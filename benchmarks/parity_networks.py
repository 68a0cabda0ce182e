"""Probes of networks: ours and the references', under one set of seeded weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import golden
import numpy as np
import torch

from benchmarks import seeded
from benchmarks.parity_frame import SHARE, largest, noise, relative, scored, tensor, twin
from benchmarks.precision import probe

#: Random images per network.
COUNT = 3


def lpips(metric_id: str, net: str, normalize: bool) -> Callable[[], float]:
    """Ours beside lpips 0.1.4 over a trunk with seeded values, and the published heads."""

    def measure() -> float:
        import lpips as package

        from metrics import catalog
        from metrics.lpips import LPIPS

        theirs = package.LPIPS(net=net, pnet_rand=True, verbose=False)
        state = seeded.STATES["lpips-alexnet" if net == "alex" else "lpips-vgg16"]()
        theirs.net.load_state_dict(
            {key: state[f"features.{key.split('.', 1)[1]}"] for key in theirs.net.state_dict()}
        )
        found = []
        with tempfile.TemporaryDirectory() as folder:
            ours = LPIPS(catalog.spec(metric_id), seeded.write(Path(folder)))
            for prediction, truth in map(golden.image_pair, (64, 96, 129)):
                mine = scored(ours, prediction[None], truth[None]).items[metric_id][0]
                other = theirs(tensor(prediction), tensor(truth), normalize=normalize).item()
                found.append(abs(mine - other))
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
        on="three textured images of 64, 96 and 129 pixels, shifted and noisy",
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
    inputs = (tensor(noise(0, 120, 90)), tensor(noise(1, 320, 350)))
    return max(relative(ours(x), theirs(x)[0][..., 0, 0]) for x in inputs)


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
    x = tensor(*(noise(k, 224, 224) for k in range(COUNT)))
    return relative(twin(ResNet50(), theirs)(x).flatten(1), theirs(x).flatten(1))


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
    ours = twin(SyncNet(), theirs).folded()
    rng = np.random.default_rng(1)
    lips = torch.from_numpy(rng.uniform(0, 255, (COUNT, 3, 5, 224, 224)).astype(np.float32))
    sound = torch.from_numpy(rng.normal(0, 10, (COUNT, 1, 13, 20)).astype(np.float32))
    return max(
        relative(ours.forward_lip(lips), theirs.forward_lip(lips)),
        relative(ours.forward_aud(sound), theirs.forward_aud(sound)),
    )


@probe(
    "sync/reference",
    "sync/direct",
    stage="detector",
    reference="syncnet-python 0.2.3 S3FD.detect_faces",
    on="a 130x150 image with faces at every level of the seeded network",
    unit="px",
)
def s3fd_sync() -> float:
    """Boxes of SyncNet's detector."""
    import oracles_s3fd

    from metrics.backbones.s3fd import S3FD, SYNC
    from metrics.backbones.s3fd_boxes import find_faces

    ours = twin(S3FD(SYNC), oracles_s3fd.syncnet_network())
    frame = golden.detector_picture()
    found = find_faces(ours, frame[None], 0.5)[0]
    return largest(found, oracles_s3fd.syncnet_faces(frame, 1.0, 0.5))


@probe(
    "lmd/fan68",
    "e_fid/deep3d",
    stage="detector",
    reference="face-alignment 1.5.0 SFDDetector",
    on="a 130x150 image with faces at every level of the seeded network",
    unit="px",
)
def s3fd_fan() -> float:
    """Boxes of face-alignment's detector."""
    import oracles_s3fd

    from metrics.backbones.s3fd import FAN, S3FD
    from metrics.backbones.s3fd_boxes import find_faces

    ours = twin(S3FD(FAN), oracles_s3fd.syncnet_network())
    frame = golden.detector_picture()
    return largest(find_faces(ours, frame[None])[0], oracles_s3fd.fan_faces(frame))


@probe(
    "lmd/fan68",
    "e_fid/deep3d",
    stage="network",
    reference="face-alignment 1.5.0 FAN(4)",
    on="a 256x256 image; 68 heatmaps",
    unit=SHARE,
)
def fan() -> float:
    """Heatmaps of the last hourglass."""
    import oracles_fan

    from metrics.backbones.fan import FAN

    theirs = oracles_fan.network()
    x = golden.fan_input()
    return relative(twin(FAN(), theirs)(x), theirs(x)[-1])


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
