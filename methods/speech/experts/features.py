"""What an expert says of every frame of a sound: the one door that a method asks through."""

from __future__ import annotations

import numpy as np

from harness.contracts import BadInput
from harness.lipsync.visemes import RATE, posteriors
from methods.speech.experts.lip import lip_controls

#: Experts that come with the package, by the domain whose speech they know.
EXPERTS = ("synthetic", "speech")


def expert_features(audio: np.ndarray, fps: float, count: int, expert: str) -> np.ndarray:
    """Features of every frame, float32 [count,F].

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz, beginning with the first frame.
        fps: frames a second; frame i shows the moment (i + 0.5) / fps.
        count: frames; those beyond the sound repeat its end.
        expert: `synthetic`, the controls [24] of the synthetic domain's lip expert; or `speech`,
            how likely each of the twelve mouth shapes is, for real voices.

    Raises:
        BadInput: an expert that does not exist.

    """
    if expert == "synthetic":
        return lip_controls(audio, fps, count)
    if expert == "speech":
        likely = posteriors(audio)
        wanted = (np.arange(count) + 0.5) / fps
        known = (np.arange(len(likely)) + 0.5) / RATE
        return np.stack([np.interp(wanted, known, row) for row in likely.T], 1).astype(np.float32)
    raise BadInput("expert", f"{expert!r} is unknown", f"Choose one of {', '.join(EXPERTS)}.")
