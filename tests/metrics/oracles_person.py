"""scikit-image, OpenCV and torchvision on the points and pictures of `golden`."""

from __future__ import annotations

import golden
import numpy as np


def transform(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """scikit-image's similarity transform, [2,3]."""
    from skimage.transform import SimilarityTransform

    return SimilarityTransform.from_estimate(source, target).params[:2]


def warped(frame: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """OpenCV's crop, as insightface's `norm_crop` asks for it."""
    import cv2

    return cv2.warpAffine(frame, matrix, (112, 112), borderValue=0.0)


def resized() -> np.ndarray:
    """hsemotion's input, as its torch path makes it, float32 [3,224,224]."""
    from PIL import Image
    from torchvision import transforms

    steps = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    face = golden.image_pair(480)[1][40:470, 30:430]
    return steps(Image.fromarray(face)).numpy()


def values() -> dict[str, float]:
    """Parameters of transforms, pixels of a crop, numbers of a network's input."""
    found = {}
    for index, (source, target) in enumerate(golden.five_point_sets()):
        for k, value in enumerate(transform(source, target).ravel()):
            found[f"similarity_{index}_{k}"] = value
    crop, x = warped(*golden.warp_pair()), resized()
    found |= {"warp_mean": crop.mean(), "resize_mean": x.mean(), "resize_std": x.std()}
    for k, (row, column, channel) in enumerate(golden.warp_places()):
        found[f"warp_{k}"] = crop[row, column, channel]
        found[f"resize_{k}"] = x[channel, row, column]
    return found
