"""How the two branches make one image: the face in front of the mouth."""

from __future__ import annotations

from torch import Tensor


def compose(
    face: Tensor, face_alpha: Tensor, mouth: Tensor, mouth_alpha: Tensor
) -> tuple[Tensor, Tensor]:
    """Put the face over the mouth (TalkingGaussian's order).

    Args:
        face: [H,W,3] premultiplied by its alpha.
        face_alpha: [H,W,1].
        mouth: [H,W,3] premultiplied.
        mouth_alpha: [H,W,1].

    Returns:
        rgb [H,W,3], premultiplied, and alpha [H,W,1]. Over a plate the image is
        face + (1 - face_alpha) (mouth + (1 - mouth_alpha) plate).

    """
    behind = 1 - face_alpha
    return face + behind * mouth, 1 - behind * (1 - mouth_alpha)
