"""What an expert says of every frame of a sound: the one door that a method asks through."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.contracts import BadInput
from harness.lipsync.visemes import RATE, directions
from methods.speech.experts.files import SUFFIX
from methods.speech.experts.lip import LipExpert, lip_basis, lip_controls, lip_expert, predicted
from methods.speech.resampling import at_frames

#: Experts that come with the package, by the domain whose speech they know.
EXPERTS = ("synthetic", "speech")


def own_expert(expert: str, basis: str) -> LipExpert | None:
    """The network of a file that `pretrain lip` made; None for the name of another expert.

    Args:
        expert: one of `EXPERTS`, or a file.
        basis: of the expression that the features are to tell.

    Raises:
        BadInput: the file is missing, damaged, no lip expert, or one for another basis.

    """
    if not expert.endswith(SUFFIX):
        return None
    path = Path(expert).expanduser()
    net, known = lip_expert(path), lip_basis(path)
    if known != basis:
        fact = f"it goes from speech to the basis {known}, and these sequences have {basis}"
        raise BadInput(path, fact, "Pretrain one on sequences that were prepared as these were.")
    return net


def expert_features(
    audio: np.ndarray, fps: float, count: int, expert: str | LipExpert
) -> np.ndarray:
    """Features of every frame, float32 [count,F].

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz, beginning with the first frame.
        fps: frames a second; frame i shows the moment (i + 0.5) / fps.
        count: frames; those beyond the sound repeat its end.
        expert: `synthetic`, the controls [24] of the synthetic domain's lip expert; or `speech`,
            directions of the viseme network's first layer [12], for real voices; or the
            expression coefficients of a network, or of a file that `pretrain lip` made.

    Raises:
        BadInput: an expert that does not exist, or a file that is none.

    """
    if isinstance(expert, LipExpert):
        return predicted(expert, audio, fps, count)
    if expert == "synthetic":
        return lip_controls(audio, fps, count)
    if expert == "speech":
        return at_frames(directions(audio), RATE, fps, count)
    if expert.endswith(SUFFIX):
        return lip_controls(audio, fps, count, Path(expert).expanduser())
    cure = f"Choose one of {', '.join(EXPERTS)}, or a file that `pretrain lip` made."
    raise BadInput("expert", f"{expert!r} is unknown", cure)
