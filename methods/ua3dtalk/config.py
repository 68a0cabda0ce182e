"""Settings of a training run: one flat set of options over the modules that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from harness.contracts import BadInput, UnknownName
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.options import options_of
from methods.ua3dtalk.priors.config import PriorConfig

#: Fields of `PriorConfig` that decide what a row of a table is about.
SWITCHES = ("content", "expert", "emotion_expert")


@dataclass(frozen=True)
class BranchConfig:
    """What a fit does in one branch, `face` or `mouth`.

    Attributes:
        iterations: steps.
        gaussians: how many the branch starts with.
        max_gaussians: it is not densified beyond this many.
        densify_threshold: mean gradient in normalised image space above which to densify.
        select_every: every so many steps the frame is one that the incremental sampling chooses.
        motion_rate: factor on the learning rates of what moves Gaussians: their positions and the
            deformation field, but for its audio encoder, its attention and the mouth's networks;
            on its planes' to the power 1.5. A short schedule takes larger steps.

    """

    iterations: int
    gaussians: int
    max_gaussians: int
    densify_threshold: float
    select_every: int
    motion_rate: float


@dataclass(frozen=True)
class TrainConfig:
    """What a fit does; the defaults are the published settings.

    Source: UA-3DTalk's released `train_face.py`, `train_mouth.py`, `train_fuse.py`, `train.sh`.

    Attributes:
        face_iterations: steps of the face branch, and so on: see `BranchConfig`.
        fuse_iterations: steps of the fuse stage.
        fuse_opacity_rate: learning rate of the face's opacities in the fuse stage. The released
            `train.sh` asks for this one; what ran was 0.05, as restoring a branch's optimizer
            restores its rates.
        init: where Gaussians start. `random`: uniformly in the head's volume, as published.
            `silhouette`: on the surface that the masks of a few poses inflate to, in the
            pixels' own colours; it replaces most of what densification otherwise finds.
        init_opacity: opacity of a fresh Gaussian.
        sh_degree: degree of the spherical harmonics of colour.
        densify_every: steps between densifications.
        attention_weight: of the loss on attention where a modality must have no effect.
        attention_from: part of the face's course after which that loss begins. Adam is blind to
            the scale of a loss: where the photometric loss has no gradient on the attention yet,
            this one removes it, and a short schedule does not recover it.
        perceptual: whether LPIPS joins the loss where AlexNet's weights are present.
        checkpoint_every: steps between checkpoints.
        official_checkpoint: a `chkpnt_fuse_latest.pth` of the authors' released code; with it
            nothing is trained. Empty: train.

    """

    face_iterations: int = 50_000
    mouth_iterations: int = 50_000
    fuse_iterations: int = 10_000
    face_gaussians: int = 2_000
    mouth_gaussians: int = 10_000
    face_max_gaussians: int = 100_000
    mouth_max_gaussians: int = 100_000
    face_densify_threshold: float = 5e-4
    mouth_densify_threshold: float = 2e-4
    face_select_every: int = 15
    mouth_select_every: int = 7
    face_motion_rate: float = 1.0
    mouth_motion_rate: float = 1.0
    fuse_opacity_rate: float = 1e-3
    init: Literal["random", "silhouette"] = "random"
    init_opacity: float = 0.1
    sh_degree: int = 2
    densify_every: int = 100
    attention_weight: float = 1e-4
    attention_from: float = 0.06
    perceptual: bool = True
    checkpoint_every: int = 1_000
    official_checkpoint: str = ""

    def __post_init__(self) -> None:
        if self.init not in ("random", "silhouette"):
            raise BadInput("init", f"{self.init!r} is unknown", "Choose random or silhouette.")
        if not 0 <= self.sh_degree <= 3:
            raise BadInput("sh_degree", f"it is {self.sh_degree}", "Choose 0 to 3.")
        if not 0 < self.init_opacity < 1:
            raise BadInput(
                "init_opacity", f"it is {self.init_opacity}", "Choose a value between 0 and 1."
            )
        zero_allowed = ("sh_degree", "attention_weight", "attention_from")
        for option in fields(self):
            value = getattr(self, option.name)
            is_size = isinstance(value, (int, float)) and not isinstance(value, bool)
            if is_size and option.name not in zero_allowed and value <= 0:
                raise BadInput(option.name, f"it is {value!r}", "Give a positive number.")

    def branch(self, name: str) -> BranchConfig:
        """Those of `face` or `mouth`."""
        parts = (each.name for each in fields(BranchConfig))
        return BranchConfig(**{part: getattr(self, f"{name}_{part}") for part in parts})


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

        Keys are the fields of `TrainConfig` and of `FieldConfig`, and the `SWITCHES` of
        `PriorConfig`; `priors` holds the rest of those, and `priors_preset` names what they
        change. The modules P and E (`use_prior`, `use_emotion`) are switched in the field and in
        the priors together.

        Raises:
            UnknownName: an option that does not exist.
            BadInput: a value that cannot be.

        """
        known = {f.name for kind in (TrainConfig, FieldConfig) for f in fields(kind)}
        known |= {"priors", "priors_preset", *SWITCHES}
        for name in options:
            if name not in known:
                raise UnknownName("option of ua3dtalk", name, known)
        train = options_of(TrainConfig, options)
        field_config = FieldConfig(**options_of(FieldConfig, options))
        priors = {
            "use_prior": field_config.use_prior,
            "use_emotion": field_config.use_emotion,
            **{name: options[name] for name in SWITCHES if name in options},
            **options.get("priors", {}),
        }
        return cls(
            train=TrainConfig(**train),
            field=field_config,
            priors=PriorConfig.of(priors, options.get("priors_preset", "quick")),
            options=dict(options),
        )
