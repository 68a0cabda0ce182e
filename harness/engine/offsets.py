"""Warnings about ground truth whose sound is clearly late or early against its mouth."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np

from harness.contracts import MetricSpec, Sequence, Unavailable
from harness.engine import messages
from harness.engine.alignment.opened import OpenedSequence

#: Of how many files, and of how many seconds of each, the mouth is looked at: a landmarker takes
#: about 30 ms a frame.
FILES, SECONDS = 5, 20


def warn_of_sequences(sequences: Iterable[Sequence]) -> None:
    """For videos of real people that `prepare` has tracked."""
    from harness.lipsync.lips import lips_apart
    from harness.lipsync.offset import estimate, sentence
    from harness.media.blendshape_units import MP52_NAMES

    for one in sequences:
        if one.domain != "photo" or not one.has("expression"):
            continue
        expression = one.signal("expression")
        if expression.basis == "mp52":
            opening = expression.values[:, MP52_NAMES.index("jawOpen")]
            if one.has("landmarks"):
                opening = np.stack([opening, lips_apart(one.signal("landmarks"))], axis=1)
            if said := sentence(one.id, estimate(opening, one.audio, one.fps)):
                messages.note(f"warning: {said} Prepare it again with --audio-offset.")


def warn_of_files(truths: Iterable[OpenedSequence], specs: Iterable[MetricSpec]) -> None:
    """For the first files of a ground truth, where a metric that was chosen finds faces too."""
    if not any("mediapipe" in spec.packages for spec in specs):
        return
    from harness.lipsync.lips import lips_apart
    from harness.lipsync.offset import estimate, sentence
    from harness.media.face_landmarker import WEIGHTS_ID, FaceLandmarker
    from harness.weights import resolve

    speaking = [one for one in truths if one.kind in ("video", "pictures") and len(one.audio)]
    try:
        with FaceLandmarker(resolve(WEIGHTS_ID)) as landmarker:
            for one in speaking[:FILES]:
                if one.domain not in (None, "photo"):
                    continue
                opening = [
                    (
                        faces[0].blendshapes[faces[0].names.index("jawOpen")],
                        lips_apart(faces[0].landmarks),
                    )
                    if faces
                    else (np.nan, np.nan)
                    for frame in islice(one.frames(), round(SECONDS * one.fps))
                    for faces in (landmarker.detect_all(frame),)
                ]
                found = estimate(np.array(opening), one.audio, float(one.fps))
                if said := sentence(one.path, found):
                    messages.note(f"warning: {said}")
    except Unavailable:
        return
