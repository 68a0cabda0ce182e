"""The controls that move a synthetic head: one list, shared by the performance and the mesh.

FACS units are intensities 0..5 (`AU_RANGE`); the others say their own unit. The basis
`synthetic` of the `expression` signal is this vector, in this order.
"""

from __future__ import annotations

#: FACS action units; each moves its own vertex displacement field, linear in intensity.
ACTION_UNITS = (
    "AU01",  # inner brow raiser
    "AU02",  # outer brow raiser
    "AU04",  # brow lowerer
    "AU05",  # upper lid raiser
    "AU06",  # cheek raiser
    "AU07",  # lid tightener
    "AU09",  # nose wrinkler
    "AU10",  # upper lip raiser
    "AU12",  # lip corner puller
    "AU14",  # dimpler
    "AU15",  # lip corner depressor
    "AU17",  # chin raiser
    "AU18",  # lip pucker
    "AU20",  # lip stretcher
    "AU22",  # lip funneler
    "AU23",  # lip tightener
    "AU24",  # lip pressor
    "AU25",  # lips part
    "AU26",  # jaw drop
    "AU45",  # blink (5 = closed)
)

#: What FACS does not number: jaw angle in degrees 0..25, tongue height 0..1, gaze in degrees.
ARTICULATORS = ("jaw", "tongue", "gaze_yaw", "gaze_pitch")

CONTROLS = ACTION_UNITS + ARTICULATORS

__all__ = ["ACTION_UNITS", "ARTICULATORS", "CONTROLS"]
