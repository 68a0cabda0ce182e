"""Sizes and switches of UA-3DTalk's deformation field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.contracts import BadInput

Fusion = Literal["full", "diag", "mean", "concat"]


@dataclass(frozen=True)
class FieldConfig:
    """Everything that fixes the shapes and modules of a field; the defaults are the paper's.

    Source: UA-3DTalk (arXiv 2601.19112) section 2 and its released code.

    Attributes:
        base_resolution: side of the coarsest position plane, in texels.
        multipliers: factors on `base_resolution`, one scale each.
        plane_features: channels of a position plane.
        bound: half side of the cube that the planes cover, in scene units.
        emotion_base_resolution: side of the coarsest emotion plane.
        emotion_multipliers: scales of the emotion planes; scale s has a code-book of
            `emotion_features * s` rows.
        emotion_features: channels of an emotion plane and of a code.
        hidden: width of every hidden layer.
        latent: size D of a modality's latent.
        ensemble_size: members T of a modality's ensemble.
        attention_init: how strongly action units act at the start. `released`: hardly, and some
            not at all; `open`: everywhere, for short schedules (`AUAttention`).
        use_au: whether the face is conditioned on action units beside the audio (as released).
        use_prior: module P of Table 2, the content and style modalities.
        use_emotion: module E, the emotion modality (face only).
        use_uncertainty: module U; without it the modalities are concatenated.
        fusion: how the modalities are joined when `use_uncertainty` holds. `full`: by full
            covariances (the paper); `diag`: by their diagonals; `mean`: plain mean of the
            modalities; `concat`: one deterministic network per modality, latents concatenated.
        audio_window: frames of one DeepSpeech window.
        audio_bands: channels of a DeepSpeech frame.
        content_features: size of f_exp.
        style_features: size of f_tone.
        emotion_condition_features: size of the speech emotion feature.

    Raises:
        BadInput: when a size is not positive, or `fusion` or `attention_init` is unknown.

    """

    base_resolution: int = 64
    multipliers: tuple[int, ...] = (1, 2, 4, 8)
    plane_features: int = 16
    bound: float = 0.15
    emotion_base_resolution: int = 64
    emotion_multipliers: tuple[int, ...] = (1, 2, 4)
    emotion_features: int = 64
    hidden: int = 64
    latent: int = 48
    ensemble_size: int = 10
    attention_init: Literal["released", "open"] = "released"
    use_au: bool = True
    use_prior: bool = True
    use_emotion: bool = True
    use_uncertainty: bool = True
    fusion: Fusion = "full"
    audio_window: int = 16
    audio_bands: int = 29
    content_features: int = 64
    style_features: int = 64
    emotion_condition_features: int = 128

    def __post_init__(self) -> None:
        object.__setattr__(self, "multipliers", tuple(self.multipliers))
        object.__setattr__(self, "emotion_multipliers", tuple(self.emotion_multipliers))
        if self.fusion not in ("full", "diag", "mean", "concat"):
            raise BadInput(
                "fusion", f"{self.fusion!r} is unknown", "Choose full, diag, mean or concat."
            )
        if self.attention_init not in ("released", "open"):
            fact = f"{self.attention_init!r} is unknown"
            raise BadInput("attention_init", fact, "Choose released or open.")
        for name, value in vars(self).items():
            sizes = value if isinstance(value, tuple) else (value,)
            is_size = isinstance(value, (int, float, tuple)) and not isinstance(value, bool)
            if is_size and (not sizes or any(size <= 0 for size in sizes)):
                raise BadInput(name, f"it is {value!r}", "Give a positive size.")

    @property
    def joined_by(self) -> Fusion:
        """The fusion that is really used: without module U it is concatenation."""
        return self.fusion if self.use_uncertainty else "concat"

    @property
    def members(self) -> int:
        """Networks per modality: one when nothing asks how far an ensemble disagrees."""
        return 1 if self.joined_by == "concat" else self.ensemble_size

    @property
    def position_features(self) -> int:
        """Channels of the encoded position."""
        return self.plane_features * len(self.multipliers)
