"""Settings of a training run: one flat set of options over the modules that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from harness.contracts import BadInput, UnknownName
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.options import options_of
from methods.ua3dtalk.priors.config import PriorConfig


@dataclass(frozen=True)
class TrainConfig:
    """What a fit does; the defaults are the published settings.

    Source: UA-3DTalk's released `train_face.py`, `train_mouth.py`, `train_fuse.py`.

    Attributes:
        face_iterations: steps of the face branch; 0 < every count below.
        mouth_iterations: steps of the mouth branch.
        fuse_iterations: steps of the fuse stage.
        init: where Gaussians start. `random`: uniformly in the head's volume, as published.
            `silhouette`: on the surface that the masks of a few poses inflate to, in the
            pixels' own colours; it replaces most of what densification otherwise finds.
        face_gaussians: how many the face branch starts with.
        mouth_gaussians: how many the mouth branch starts with.
        max_gaussians: the face is not densified beyond this many, the mouth beyond a quarter.
        init_opacity: opacity of a fresh Gaussian.
        sh_degree: degree of the spherical harmonics of colour.
        densify_threshold: mean gradient in normalised image space above which to densify.
        densify_every: steps between densifications.
        motion_rate: factor on the learning rates of the face's deformation field but for its
            audio encoder. A short schedule takes larger steps.
        mouth_motion_rate: the same for the mouth's field, whose published rates are higher.
        audio_rate: the same for both audio encoders, which are deep and die of large
            steps.
        colour_rate: factor on the learning rates of colour and opacity.
        shape_rate: factor on the learning rates of positions, scales and rotations.
        attention_weight: of the loss on attention where a modality must have no effect. Adam
            is blind to the scale of a loss: as long as the photometric loss has no gradient,
            this one removes the attention, and a short schedule does not recover it.
        perceptual: whether LPIPS joins the loss where AlexNet's weights are present.
        checkpoint_every: steps between checkpoints.

    """

    face_iterations: int = 50_000
    mouth_iterations: int = 50_000
    fuse_iterations: int = 10_000
    init: Literal["random", "silhouette"] = "random"
    face_gaussians: int = 2_000
    mouth_gaussians: int = 2_000
    max_gaussians: int = 100_000
    init_opacity: float = 0.1
    sh_degree: int = 2
    densify_threshold: float = 5e-4
    densify_every: int = 100
    motion_rate: float = 1.0
    mouth_motion_rate: float = 1.0
    audio_rate: float = 1.0
    colour_rate: float = 1.0
    shape_rate: float = 1.0
    attention_weight: float = 1e-4
    perceptual: bool = True
    checkpoint_every: int = 1_000

    def __post_init__(self) -> None:
        if self.init not in ("random", "silhouette"):
            raise BadInput("init", f"{self.init!r} is unknown", "Choose random or silhouette.")
        if not 0 <= self.sh_degree <= 3:
            raise BadInput("sh_degree", f"it is {self.sh_degree}", "Choose 0 to 3.")
        if not 0 < self.init_opacity < 1:
            raise BadInput(
                "init_opacity", f"it is {self.init_opacity}", "Choose a value between 0 and 1."
            )
        zero_allowed = ("sh_degree", "attention_weight")
        for option in fields(self):
            value = getattr(self, option.name)
            is_size = isinstance(value, (int, float)) and not isinstance(value, bool)
            if is_size and option.name not in zero_allowed and value <= 0:
                raise BadInput(option.name, f"it is {value!r}", "Give a positive number.")


@dataclass(frozen=True)
class Settings:
    """All settings of one fit, as `Settings.of` reads them from a preset."""

    train: TrainConfig
    field: FieldConfig
    priors: PriorConfig
    options: Mapping[str, Any]  # as they were given

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Settings:
        """Read a flat mapping.

        Keys are the fields of `TrainConfig` and of `FieldConfig`; `priors` holds those of
        `PriorConfig`, and `priors_preset` names what they change. The modules P and E
        (`use_prior`, `use_emotion`) are switched in the field and in the priors together.

        Raises:
            UnknownName: an option that does not exist.
            BadInput: a value that cannot be.

        """
        known = {f.name for kind in (TrainConfig, FieldConfig) for f in fields(kind)}
        known |= {"priors", "priors_preset"}
        for name in options:
            if name not in known:
                raise UnknownName("option of ua3dtalk", name, known)
        train = options_of(TrainConfig, options)
        field_config = FieldConfig(**options_of(FieldConfig, options))
        priors = {
            "use_prior": field_config.use_prior,
            "use_emotion": field_config.use_emotion,
            **options.get("priors", {}),
        }
        return cls(
            train=TrainConfig(**train),
            field=field_config,
            priors=PriorConfig.of(priors, options.get("priors_preset", "quick")),
            options=dict(options),
        )
