"""Regions of the truth frame that a score may be restricted to."""

from __future__ import annotations

import numpy as np

from harness.contracts import BadInput, Clip, Masks


def head_masks(clip: Clip, frames: range) -> np.ndarray | None:
    """Head masks of the given frames, bool [B,H,W]; None where the truth has no masks.

    Raises:
        BadInput: when the masks do not have the clip's size or length.

    """
    masks = clip.signals.get("masks")
    if masks is None:
        return None
    expected = (clip.count, clip.height, clip.width)
    if not isinstance(masks, Masks) or tuple(masks.bits.shape) != expected:
        found = list(masks.bits.shape) if isinstance(masks, Masks) else type(masks).__name__
        raise BadInput(
            clip.id,
            f"its masks are {found}, not {list(expected)}",
            "Cut the masks to the same frames as the clip.",
        )
    return masks.region("head", slice(frames.start, frames.stop))
