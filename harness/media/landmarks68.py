"""MediaPipe's 478 landmarks read at the 68 iBUG positions: **not** FAN landmarks.

The two detectors define their points differently (the jaw line above all), so distances
measured on these points go by their own name (`lmd/mp478`) and never as the field's LMD.
Where iBUG's point lies between two mesh vertices, their mean is taken. The choice is
symmetric: mirroring the face mirrors the 68 points.
"""

from __future__ import annotations

import numpy as np

#: iBUG index -> one or two mesh vertices, MediaPipe face mesh numbering.
IBUG68_VERTICES: tuple[tuple[int, ...], ...] = (
    # jaw 0-16, from the subject's right ear over the chin to the left ear
    (127,), (234,), (93,), (132, 58), (58, 172), (136,), (150,), (176,), (152,),
    (400,), (379,), (365,), (397, 288), (288, 361), (323,), (454,), (356,),
    # brows 17-26
    (70,), (63,), (105,), (66,), (107,), (336,), (296,), (334,), (293,), (300,),
    # nose bridge 27-30, nostrils 31-35
    (168, 6), (197, 195), (5,), (4,), (98,), (97,), (2,), (326,), (327,),
    # eyes 36-47
    (33,), (160,), (158,), (133,), (153,), (144,),
    (362,), (385,), (387,), (263,), (373,), (380,),
    # outer lips 48-59
    (61,), (40,), (37,), (0,), (267,), (270,), (291,), (321,), (314,), (17,), (84,), (91,),
    # inner lips 60-67
    (78,), (81,), (13,), (311,), (308,), (402,), (14,), (178,),
)  # fmt: skip

_FIRST = np.array([v[0] for v in IBUG68_VERTICES])
_SECOND = np.array([v[-1] for v in IBUG68_VERTICES])


def to_ibug68(landmarks: np.ndarray) -> np.ndarray:
    """The 68 iBUG-ordered points of float [...,478,D] mesh landmarks, float32 [...,68,D].

    Raises:
        ValueError: not 468 or 478 landmarks.

    """
    if landmarks.shape[-2] not in (468, 478):
        raise ValueError(f"expected 478 landmarks, not shape {landmarks.shape}")
    both = landmarks[..., _FIRST, :].astype(np.float64) + landmarks[..., _SECOND, :]
    return (both / 2).astype(np.float32)


__all__ = ["IBUG68_VERTICES", "to_ibug68"]
