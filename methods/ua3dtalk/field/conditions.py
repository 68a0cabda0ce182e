"""What the field is conditioned on at one frame, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from harness.contracts import BadInput
from methods.ua3dtalk.field.attention import AU_FEATURES
from methods.ua3dtalk.field.audio import AUDIO_FRAMES
from methods.ua3dtalk.field.config import FieldConfig

AU_NAMES = ("AU01", "AU04", "AU05", "AU06", "AU07", "AU45")
"""Order of `Conditions.au`: OpenFace intensities in [0, 5], the blink AU45 clipped to [0, 2]."""


@dataclass(frozen=True)
class Conditions:
    """The driving signals of one frame. A signal that the configuration leaves out may be None.

    Attributes:
        audio: [8, 29, 16] DeepSpeech windows of the frames t-4 ... t+3 (zero padded), each
            [bands, window].
        au: [6] intensities in the order of `AU_NAMES`.
        content: [64] f_exp, expression coefficients of the lip expert.
        style: [64] f_tone, expression coefficients of the style network.
        emotion: [128] speech emotion feature.

    """

    audio: Tensor
    au: Tensor | None = None
    content: Tensor | None = None
    style: Tensor | None = None
    emotion: Tensor | None = None


@dataclass(frozen=True)
class Offsets:
    """What the field adds to each Gaussian at one frame.

    Attributes:
        means: [N, 3] in scene units.
        quats: [N, 4] added before normalisation; None in the mouth.
        scales: [N, 3] added before the activation; None in the mouth.
        attention: per-Gaussian strength [N], >= 0, of the face's modality of that name: `audio`,
            and `au` where the field has action units. The training loss renders and
            penalises them where the modality must have no effect.

    """

    means: Tensor
    quats: Tensor | None = None
    scales: Tensor | None = None
    attention: dict[str, Tensor] = field(default_factory=dict)


def check_conditions(
    conditions: Conditions, config: FieldConfig, *, face: bool, stage: int = 2
) -> None:
    """Refuse conditions that lack a signal or have another shape.

    Args:
        conditions: one frame's.
        config: the field's.
        face: whether the field is conditioned on action units and emotion too.
        stage: of the fusion, 1 or 2.

    Raises:
        BadInput: naming the signal, its shape and the shape that is needed.

    """
    if stage not in (1, 2):
        raise BadInput(
            "stage", f"it is {stage!r}", "Give 1 (one random member) or 2 (all members)."
        )
    needed: dict[str, tuple[int, ...]] = {
        "audio": (AUDIO_FRAMES, config.audio_bands, config.audio_window)
    }
    if config.use_prior:
        needed["content"] = (config.content_features,)
        needed["style"] = (config.style_features,)
    if face and config.use_au:
        needed["au"] = (AU_FEATURES,)
    if face and config.use_emotion:
        needed["emotion"] = (config.emotion_condition_features,)
    for name, shape in needed.items():
        value = getattr(conditions, name)
        if value is None or tuple(value.shape) != shape:
            found = "absent" if value is None else f"of shape {tuple(value.shape)}"
            raise BadInput(
                f"condition {name!r}",
                f"it is {found}, but the field needs {shape}",
                "Provide the signal, or switch its module off.",
            )
