"""The deformation fields: conditions of a frame to offsets of the Gaussians of a branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from methods.ua3dtalk.field.attention import AU_FEATURES, AUAttention, AudioEncoder
from methods.ua3dtalk.field.audio import AUDIO_FEATURES
from methods.ua3dtalk.field.conditions import Conditions, Offsets, check_conditions
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.emotion import EmotionEncoder
from methods.ua3dtalk.field.fusion.block import BakedBlock, FusionBlock, ModalitySizes
from methods.ua3dtalk.field.fusion.ensemble import ModalityInput
from methods.ua3dtalk.field.layers import two_layers
from methods.ua3dtalk.field.planes import TriPlanes

MEANS_SCALE = 1e-2
MOUTH_SIDEWAYS = 1 / 5
"""The mouth's x and z move five times less: lips open up and down (y)."""


@dataclass(frozen=True)
class ModalityMaps:
    """What gates the modalities, the same at every frame.

    Attributes:
        audio: [38, N] channel attention of audio and of action units ([32, N] without), or None
            in the mouth, whose audio is not gated.
        emotion: [192, N] emotion planes, or None.
        attention: what `Offsets.attention` shows.

    """

    audio: Tensor | None
    emotion: Tensor | None
    attention: dict[str, Tensor]


class Decoder(nn.Module):
    """One head per kind of offset: ReLU, Linear, ReLU, Linear on the fused feature [H, N].

    Args:
        hidden: channels H.
        heads: outputs of each head, by name.

    """

    def __init__(self, hidden: int, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(
            {name: two_layers(hidden, hidden, size, bias=True) for name, size in heads.items()}
        )

    def forward(self, fused: Tensor) -> dict[str, Tensor]:
        """Return [N, size] for each head; `means` in scene units."""
        fused = torch.relu(fused)
        offsets = {name: head(fused).t() for name, head in self.heads.items()}
        offsets["means"] = offsets["means"] * MEANS_SCALE
        return offsets


class DeformationField(nn.Module):
    """What both branches share; use `FaceField` or `MouthField`.

    Modalities: audio (of the face 32 gated channels, with action units 38; of the mouth 32 that
    are not gated) with the position, content and style (64 each) with the position, emotion (its
    own gated planes alone).

    Args:
        config: sizes and switches.

    """

    #: Whether action units and emotion take part, where `config` has them.
    is_face: ClassVar[bool]
    #: Outputs of each head of the decoder.
    heads: ClassVar[Mapping[str, int]]

    def __init__(self, config: FieldConfig) -> None:
        super().__init__()
        self.config = config
        position = config.position_features
        self.planes = TriPlanes(
            config.base_resolution, config.multipliers, config.plane_features, config.bound
        )
        self.audio = AudioEncoder(
            config.audio_bands, config.audio_window, position if self.is_face else None
        )
        self.au = (
            AUAttention(position, opened=config.attention_init == "open")
            if self.is_face and config.use_au
            else None
        )
        self.emotion = (
            EmotionEncoder(
                config.emotion_base_resolution,
                config.emotion_multipliers,
                config.emotion_features,
                config.emotion_condition_features,
                config.bound,
            )
            if self.is_face and config.use_emotion
            else None
        )
        modalities = {
            "audio": ModalitySizes(gated=AUDIO_FEATURES + (AU_FEATURES if self.au else 0))
            if self.is_face
            else ModalitySizes(constant=AUDIO_FEATURES)
        }
        if config.use_prior:
            modalities["content"] = ModalitySizes(constant=config.content_features)
            modalities["style"] = ModalitySizes(constant=config.style_features)
        if self.emotion:
            modalities["emotion"] = ModalitySizes(gated=self.emotion.outputs, with_position=False)
        self.fuse = FusionBlock(modalities, config)
        self.decoder = Decoder(config.hidden, self.heads)

    def forward(
        self,
        means: Tensor,
        conditions: Conditions,
        *,
        stage: int,
        generator: torch.Generator | None = None,
    ) -> Offsets:
        """Compute one frame's offsets.

        Args:
            means: [N, 3] canonical positions in scene units.
            conditions: the frame's.
            stage: 1 draws one member per modality (aleatoric variance only); 2 takes all.
            generator: where stage 1 draws from (CPU).

        Returns:
            Offsets with means [N, 3]; of the face also quats [N, 4], scales [N, 3], attention
            `audio` [N] and, with action units, attention `au` [N].

        Raises:
            BadInput: a needed condition is absent or has another shape, or `stage` is neither.

        """
        check_conditions(conditions, self.config, face=self.is_face, stage=stage)
        position = self.planes(means)
        maps = self.maps(means, position)
        inputs = self.inputs(conditions, maps)
        fused = self.fuse(position, inputs, stage=stage, generator=generator)
        return self.offsets(fused, maps)

    def maps(self, means: Tensor, position: Tensor) -> ModalityMaps:
        """Return what gates each modality, for means [N, 3] and their encoding [P, N]."""
        if not self.is_face:
            return ModalityMaps(None, None, {})
        audio = self.audio.map(position)
        attention = {"audio": audio.norm(dim=0)}
        if self.au:
            au = self.au.map(position)
            attention["au"] = au.norm(dim=0)
            audio = torch.cat([audio, au])
        return ModalityMaps(audio, self.emotion.map(means) if self.emotion else None, attention)

    def inputs(self, conditions: Conditions, maps: ModalityMaps) -> dict[str, ModalityInput]:
        """Return each modality's input at one frame."""
        code = self.audio.code(conditions.audio)
        if self.au:
            assert conditions.au is not None, "`check_conditions` has run"
            code = torch.cat([code, self.au.gain(conditions.au)])
        inputs = {
            "audio": ModalityInput(gated=maps.audio, gain=code)
            if self.is_face
            else ModalityInput(constant=code),
            "content": ModalityInput(constant=conditions.content),
            "style": ModalityInput(constant=conditions.style),
        }
        if self.emotion:
            assert conditions.emotion is not None, "`check_conditions` has run"
            inputs["emotion"] = ModalityInput(
                gated=maps.emotion, gain=self.emotion.gain(conditions.emotion)
            )
        return inputs

    def offsets(self, fused: Tensor, maps: ModalityMaps) -> Offsets:
        """Decode the fused feature [H, N]."""
        return Offsets(**self.decoder(fused), attention=maps.attention)

    @torch.no_grad()
    def bake(self, means: Tensor) -> BakedField:
        """Compute once per subject what no frame changes, for means [N, 3]."""
        position = self.planes(means)
        return BakedField(self, self.fuse.bake(position), self.maps(means, position))

    def param_groups(self) -> dict[str, list[Parameter]]:
        """Return every parameter once, by the group that shares a learning rate.

        `grids` are the position planes; `audio` is the encoder and `audio_attention` its weighing
        of neighbouring frames; `attention` is where audio and action units have an effect, on the
        face only; `nets` are the other encoders, all of the emotion's included. Rates and decays
        are in `scene/optimizers.py`.
        """
        attention = list(self.audio.channels.parameters()) if self.audio.channels else []
        nets = list(self.emotion.parameters()) if self.emotion else []
        if self.au:
            attention += self.au.channels.parameters()
            nets += self.au.net.parameters()
        return {
            "grids": list(self.planes.parameters()),
            "nets": nets,
            "attention": attention,
            "audio": list(self.audio.net.parameters()),
            "audio_attention": list(self.audio.frames.parameters()),
            "fuse": list(self.fuse.parameters()),
            "decoder": list(self.decoder.parameters()),
        }


class FaceField(DeformationField):
    """Offsets in position, rotation and scale of all but the inside of the mouth."""

    is_face = True
    heads: ClassVar = {"means": 3, "quats": 4, "scales": 3}


class MouthField(DeformationField):
    """Offsets in position of the inside of the mouth; without action units and emotion."""

    is_face = False
    heads: ClassVar = {"means": 3}

    def offsets(self, fused: Tensor, maps: ModalityMaps) -> Offsets:
        """Decode the fused feature [H, N]; lips open up and down."""
        means = self.decoder(fused)["means"]
        axes = means.new_tensor([MOUTH_SIDEWAYS, 1, MOUTH_SIDEWAYS])
        return Offsets(means * axes, attention=maps.attention)


@dataclass(frozen=True)
class BakedField:
    """A field at fixed positions; call it with a frame's conditions."""

    field: DeformationField
    block: BakedBlock
    maps: ModalityMaps

    @torch.no_grad()
    def __call__(self, conditions: Conditions) -> Offsets:
        """Return what `DeformationField.forward` returns at stage 2."""
        check_conditions(conditions, self.field.config, face=self.field.is_face)
        inputs = self.field.inputs(conditions, self.maps)
        return self.field.offsets(self.field.fuse.from_baked(self.block, inputs), self.maps)

    @torch.no_grad()
    def variance(self, conditions: Conditions) -> Tensor:
        """Return how unsure the fusion is of each Gaussian, float64 [N]; see `fused_variance`."""
        inputs = self.field.inputs(conditions, self.maps)
        return self.field.fuse.variance(self.block, inputs)
