"""Probes of what happens to pixels before a network: decoding, resizing, cropping."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import golden
import numpy as np

from benchmarks.parity_frame import largest, noise, tensor
from benchmarks.precision import probe

LEVELS = "levels of 255"
#: Sides of the random images that are resized, from smaller to larger than the result.
SIDES = ((37, 51), (150, 97), (224, 224), (448, 448), (301, 513))


@probe(
    "*",
    stage="decode",
    reference="OpenCV VideoCapture",
    on="22 frames of 224x224 with moving blobs, H.264 yuv420p at CRF 18",
    unit=LEVELS,
)
def decode() -> float:
    """Frames by PyAV and by OpenCV's FFmpeg."""
    from harness.media.video import read_frames, write_mp4

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        write_mp4(path, golden.talking_clip()[0], 25.0)
        ours = np.stack(list(read_frames(path)))
        capture, theirs = cv2.VideoCapture(str(path)), []
        while True:
            read, frame = capture.read()
            if not read:
                break
            theirs.append(frame[..., ::-1])
        capture.release()
    return largest(ours, np.stack(theirs))


@probe(
    "sync/*",
    "lmd/fan68",
    "e_fid/deep3d",
    stage="resize",
    reference="cv2.resize, INTER_LINEAR (the crop of SyncNet and of FAN)",
    on="white noise of five sizes to 224x224 and 256x256, and to a quarter",
    unit=LEVELS,
)
def bilinear() -> float:
    """OpenCV's fixed-point bilinear filter."""
    from metrics.common.resample import cv2_resize

    found = []
    for k, (height, width) in enumerate(SIDES):
        frame = noise(k, height, width)
        found += [
            largest(cv2_resize(frame, (side, side)), cv2.resize(frame, (side, side)))
            for side in (224, 256)
        ]
        quarter = cv2.resize(frame, (0, 0), fx=0.25, fy=0.25)
        found.append(largest(cv2_resize(frame, 0.25), quarter))
    return max(found)


@probe(
    "fid",
    stage="resize",
    reference="pytorch-fid 0.3.0: what its first convolution is given",
    on="white noise of five sizes to 299x299, in [-1,1]",
)
def inception_input() -> float:
    """The image as it enters Inception, caught by hooks on both networks."""
    import oracles_inception

    from metrics.backbones.inception import FIDInception

    theirs = oracles_inception.fid_networks()[0]
    ours = FIDInception().eval()
    seen: dict[str, np.ndarray] = {}

    def keep(name: str):
        def hook(_module, inputs):
            seen[name] = inputs[0].numpy()

        return hook

    ours.Conv2d_1a_3x3.register_forward_pre_hook(keep("ours"))
    theirs.blocks[0][0].register_forward_pre_hook(keep("theirs"))
    found = []
    for k, (height, width) in enumerate(SIDES):
        x = tensor(noise(k, height, width))
        ours(x)
        theirs(x)
        found.append(largest(seen["ours"], seen["theirs"]))
    return max(found)


@probe(
    "lmd/fan68",
    "e_fid/deep3d",
    stage="crop",
    reference="face-alignment 1.5.0 utils.crop",
    on="five boxes in a 260x300 image, some leaving it",
    unit=LEVELS,
)
def fan_crop() -> float:
    """FAN's view of a face."""
    import oracles_fan

    from metrics.backbones import fan_points

    frame = golden.detector_picture(2)
    ours = [fan_points.crop(frame, fan_points.place_of(box)) for box in golden.fan_boxes()]
    return max(largest(a, b) for a, b in zip(ours, oracles_fan.crops(), strict=True))


@probe(
    "csim/arcface",
    stage="crop",
    reference="scikit-image SimilarityTransform.from_estimate",
    on="five points of a turned face and of its mirror image",
    unit="px",
)
def similarity() -> float:
    """ArcFace's alignment, as entries of the transform."""
    import oracles_person

    from metrics.common.alignment import similarity

    return max(
        largest(similarity(*pair), oracles_person.transform(*pair))
        for pair in golden.five_point_sets()
    )


@probe(
    "csim/arcface",
    stage="resize",
    reference="cv2.warpAffine (fixed point, 1/32 px)",
    on="a smooth 360x320 image into ArcFace's 112x112 crop",
    unit=LEVELS,
)
def warp() -> float:
    """ArcFace's crop; OpenCV rounds positions to 1/32 pixel, ours are exact."""
    import oracles_person

    from metrics.common.alignment import warp

    frame, matrix = golden.warp_pair()
    return largest(warp(frame, matrix, 112), oracles_person.warped(frame, matrix))


@probe(
    "emotion*",
    "emo_fid/hsemotion",
    stage="resize",
    reference="torchvision Resize, ToTensor, Normalize (hsemotion's torch path)",
    on="a 430x400 crop of a textured image to 224x224, normalised",
)
def emotion_input() -> float:
    """hsemotion's input."""
    import oracles_person
    from PIL import Image

    from metrics.common.hsemotion import network_input

    face = golden.image_pair(480)[1][40:470, 30:430]
    small = np.asarray(Image.fromarray(face).resize((224, 224), Image.Resampling.BILINEAR))
    return largest(network_input(small[None])[0], oracles_person.resized())
