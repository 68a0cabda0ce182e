"""Operators that torchvision's CUDA wheel expects beside a CPU torch."""

import torch

_KEPT = []


def declare_torchvision_operators() -> None:
    """Declare `nms` and `qnms`, once; to be called before torchvision is imported."""
    if _KEPT or torch.cuda.is_available():
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEPT.append(library)  # the declarations end with it
