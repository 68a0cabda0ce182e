"""face-alignment on the picture, boxes and heatmaps of `golden`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import golden
import numpy as np
import oracles_s3fd
import torch

#: Landmarks kept one by one; of all the sum.
FIRST = 5


def network() -> torch.nn.Module:
    """FAN(4) with seeded values."""
    from face_alignment.models import FAN

    net = FAN(4)
    net.load_state_dict(golden.fan_state(net.state_dict()))
    return net.eval()


@contextmanager
def aligner() -> Iterator:
    """`FaceAlignment` as LMDMeter builds it, with seeded weights read from files."""
    from face_alignment import FaceAlignment, LandmarksType

    with tempfile.TemporaryDirectory() as folder:
        s3fd, fan = Path(folder, "s3fd.pth"), Path(folder, "fan.pth.tar")
        torch.save(golden.to_fan(oracles_s3fd.syncnet_network().state_dict()), s3fd)
        torch.save(network().state_dict(), fan)
        with mock.patch("face_alignment.api.load_file_from_url", return_value=str(fan)):
            yield FaceAlignment(
                LandmarksType.TWO_D,
                flip_input=False,
                device="cpu",
                compile=False,
                face_detector_kwargs={"path_to_detector": str(s3fd)},
            )


def geometry(box: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and scale of a box, the arithmetic of `get_landmarks_from_image`."""
    centre = np.array([box[2] - (box[2] - box[0]) / 2.0, box[3] - (box[3] - box[1]) / 2.0])
    centre[1] = centre[1] - (box[3] - box[1]) * 0.12
    return centre, (box[2] - box[0] + box[3] - box[1]) / 195


def crops() -> list[np.ndarray]:
    """The crop of each box of `golden`, uint8 [256,256,3]."""
    from face_alignment.utils import crop

    return [crop(golden.detector_picture(2), *geometry(box)) for box in golden.fan_boxes()]


def decoded() -> np.ndarray:
    """Landmarks [5,68,2] of the heatmaps of `golden`, one box each."""
    from face_alignment.utils import get_preds_fromhm

    pairs = zip(golden.heatmaps(), golden.fan_boxes(), strict=True)
    return np.concatenate([get_preds_fromhm(m[None], *geometry(box))[1] for m, box in pairs])


def _told(name: str, points: np.ndarray) -> dict[str, float]:
    out = {f"{name}_sum_{axis}": v for axis, v in zip("xy", points.sum(0), strict=True)}
    for i in range(FIRST):
        out |= {f"{name}_{i}_{axis}": v for axis, v in zip("xy", points[i], strict=True)}
    return out


def values() -> dict[str, float]:
    """Network, crops, heatmaps, and landmarks with boxes given and found."""
    out = {}
    with torch.inference_mode():
        maps = network()(golden.fan_input())[-1].numpy()
    out |= {"net_mean": maps.mean(), "net_std": maps.std()}
    out |= {f"net_{i}": v for i, v in enumerate(maps[0, ::17, 11, 40])}
    for i, crop in enumerate(crops()):
        weights = np.arange(crop.size).reshape(crop.shape) % 251
        out |= {f"crop_{i}_sum": crop.sum(), f"crop_{i}_check": (crop * weights).sum()}
    for i, points in enumerate(decoded()):
        out |= _told(f"decoded_{i}", points)
    with aligner() as reference:
        boxes = [np.append(box, 1.0) for box in golden.fan_boxes()]
        given = reference.get_landmarks_from_image(golden.detector_picture(2), boxes)
        # As `get_landmarks` does it, for two of the faces: each one takes half a second.
        picture = golden.detector_picture()
        faces = reference.face_detector.detect_from_image(picture.copy())
        found = reference.get_landmarks_from_image(picture, [faces[0], faces[-1]])
    for i, points in enumerate(given):
        out |= _told(f"given_{i}", points)
    out["found_count"] = len(faces)
    out |= _told("found_first", found[0]) | _told("found_last", found[-1])
    return out
