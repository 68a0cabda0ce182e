"""Boxes of faces from the maps of S3FD: anchors, regression, suppression.

After joonson/syncnet_python detectors/s3fd (box_utils.py, `S3FD.detect_faces`) and
1adrianb/face-alignment detection/sfd (bbox.py, detect.py); `Protocol` says where they part.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metrics.backbones.s3fd import S3FD, Protocol

#: Pixels between the anchors of each level; an anchor is a square of four times that.
STRIDES = (4, 8, 16, 32, 64, 128)
ANCHOR = 4
#: Scales of centre and size in the regression.
VARIANCES = (0.1, 0.2)
#: Means of blue, green and red that both uses subtract.
MEAN_BGR = (104.0, 117.0, 123.0)
#: Probability above which an anchor is a candidate.
CANDIDATE = 0.05
#: Candidates that overlap by more are the same face.
OVERLAP = 0.3


def suppress(boxes: np.ndarray, overlap: float, margin: float = 0.0) -> np.ndarray:
    """Indices of the boxes [N,5] (x1,y1,x2,y2,probability) that no better one covers.

    Args:
        boxes: of any float type, in which the overlaps are computed.
        overlap: intersection over union above which the less probable box falls.
        margin: added to widths and heights.

    Returns:
        int64 [K], most probable first.

    """
    x1, y1, x2, y2, score = boxes.T
    area = (x2 - x1 + margin) * (y2 - y1 + margin)
    order = score.argsort(kind="stable")[::-1]
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        wide = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest]) + margin
        high = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest]) + margin
        inter = wide.clip(0) * high.clip(0)
        order = rest[inter / (area[best] + area[rest] - inter) <= overlap]
    return np.array(kept, np.int64)


def candidates(scores: list[np.ndarray], offsets: list[np.ndarray], threshold: float) -> np.ndarray:
    """Boxes float32 [N,5] in pixels of the image that the network saw, level by level.

    Args:
        scores: probabilities [h,w] by level.
        offsets: regressions [4,h,w] by level.
        threshold: only anchors with a higher probability.

    """
    found = [np.zeros((0, 5), np.float32)]
    for stride, score, offset in zip(STRIDES, scores, offsets, strict=True):
        rows, columns = np.nonzero(score > threshold)
        size = np.float32(ANCHOR * stride)
        place = np.stack([columns, rows], 1).astype(np.float32)
        shift = offset[:, rows, columns].T
        centre = (place + np.float32(0.5)) * stride + shift[:, :2] * np.float32(VARIANCES[0]) * size
        extent = size * np.exp(shift[:, 2:] * np.float32(VARIANCES[1]))
        corner = centre - extent / 2
        found.append(np.concatenate([corner, corner + extent, score[rows, columns, None]], 1))
    return np.concatenate(found)


def prepare(frames: np.ndarray, protocol: Protocol) -> Tensor:
    """Network input [B,3,H,W] of uint8 RGB [B,H,W,3]."""
    image = frames if protocol.order == "rgb" else frames[..., ::-1]
    mean = torch.tensor(MEAN_BGR if protocol.order == "bgr" else MEAN_BGR[::-1])
    x = torch.from_numpy(np.ascontiguousarray(image)).permute(0, 3, 1, 2).float()
    return x - mean[:, None, None]


def find_faces(net: S3FD, frames: np.ndarray, confidence: float | None = None) -> list[np.ndarray]:
    """Faces of uint8 RGB [B,H,W,3], most probable first.

    Args:
        net: the detector.
        frames: images as the network is to see them (SyncNet's pipeline reduces them first).
        confidence: probability above which a box is a face; the protocol's where None.

    Returns:
        per frame float64 [K,5]: x1, y1, x2, y2 in pixels of `frames`, probability.

    """
    protocol = net.protocol
    least = protocol.confidence if confidence is None else confidence
    device = next(net.parameters()).device
    with torch.inference_mode():
        scores, offsets = net(prepare(frames, protocol).to(device))
    scores = [s.cpu().numpy() for s in scores]
    offsets = [o.cpu().numpy() for o in offsets]
    found = []
    for b in range(len(frames)):
        boxes = candidates([s[b] for s in scores], [o[b] for o in offsets], CANDIDATE)
        boxes = _kept(boxes, frames.shape[1:3], protocol)
        boxes = boxes[boxes[:, 4] > least]
        if protocol.last_overlap is not None:
            boxes = boxes[suppress(boxes, protocol.last_overlap)]
        found.append(boxes)
    return found


def _kept(boxes: np.ndarray, size: tuple[int, int], protocol: Protocol) -> np.ndarray:
    """Candidates that no better one covers, in double precision."""
    if protocol.most:
        best = boxes[:, 4].argsort(kind="stable")[-protocol.most :]
        boxes = boxes[np.sort(best)]
    units = np.array([size[1], size[0]] * 2 + [1], np.float32) if protocol.normalised else 1
    kept = suppress(boxes / units, OVERLAP, protocol.margin)
    return boxes[kept[: protocol.keep or None]].astype(np.float64)
