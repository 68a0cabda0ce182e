"""The face branch: all views move, turn and scale everything but the inside of the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from methods.ua3dtalk.field.attention import AU_FEATURES, AUAttention, AudioAttention
from methods.ua3dtalk.field.audio import AUDIO_FEATURES
from methods.ua3dtalk.field.conditions import Conditions, Offsets
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.decoder import Decoder
from methods.ua3dtalk.field.emotion import EmotionEncoder
from methods.ua3dtalk.field.planes import TriPlanes
from methods.ua3dtalk.field.signals import check_conditions, check_stage
from methods.ua3dtalk.field.uncertainty import ViewInput
from methods.ua3dtalk.field.views import BakedBlock, FusionBlock, ViewSizes


class FaceField(nn.Module):
    """Offsets of the face's Gaussians in position, rotation and scale.

    Views: audio with action units (32 + 6 gated channels and the position), content and style
    (64 + position each), emotion (its own gated planes alone).

    Args:
        config: sizes and switches.

    """

    def __init__(self, config: FieldConfig) -> None:
        super().__init__()
        self.config = config
        position = config.position_features
        self.planes = TriPlanes(
            config.base_resolution, config.multipliers, config.plane_features, config.bound
        )
        self.audio = AudioAttention(position, config.audio_bands, config.audio_window)
        self.au = AUAttention(position) if config.use_au else None
        self.emotion = (
            EmotionEncoder(
                config.emotion_base_resolution,
                config.emotion_multipliers,
                config.emotion_features,
                config.emotion_condition_features,
                config.bound,
            )
            if config.use_emotion
            else None
        )
        views = {"audio": ViewSizes(gated=AUDIO_FEATURES + (AU_FEATURES if self.au else 0))}
        if config.use_prior:
            views["content"] = ViewSizes(constant=config.content_features)
            views["style"] = ViewSizes(constant=config.style_features)
        if self.emotion:
            views["emotion"] = ViewSizes(gated=self.emotion.outputs, with_position=False)
        self.fuse = FusionBlock(views, config)
        self.decoder = Decoder(config.hidden, {"means": 3, "quats": 4, "scales": 3})

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
            stage: 1 draws one member per view (aleatoric variance only); 2 is the full form.
            generator: where stage 1 draws from (CPU).

        Returns:
            Offsets with means [N, 3], quats [N, 4], scales [N, 3] and attention `audio` [N]
            and, with action units, `au` [N].

        Raises:
            BadInput: when a needed condition is absent or misshapen.

        """
        check_stage(stage)
        check_conditions(conditions, self.config, face=True)
        position = self.planes(means)
        maps = self.maps(means, position)
        inputs = self.inputs(conditions, maps)
        fused = self.fuse(position, inputs, stage=stage, generator=generator)
        return Offsets(**self.decoder(fused), attention=maps.attention)

    def maps(self, means: Tensor, position: Tensor) -> FaceMaps:
        """Return what gates each view, for means [N, 3] and their encoding [P, N]."""
        audio = self.audio.map(position)
        attention = {"audio": audio.norm(dim=0)}
        if self.au:
            au = self.au.map(position)
            attention["au"] = au.norm(dim=0)
            audio = torch.cat([audio, au])
        return FaceMaps(audio, self.emotion.map(means) if self.emotion else None, attention)

    def inputs(self, conditions: Conditions, maps: FaceMaps) -> dict[str, ViewInput]:
        """Return each view's input at one frame."""
        gain = self.audio.gain(conditions.audio)
        if self.au:
            gain = torch.cat([gain, self.au.gain(conditions.au)])
        inputs = {
            "audio": ViewInput(gated=maps.audio, gain=gain),
            "content": ViewInput(constant=conditions.content),
            "style": ViewInput(constant=conditions.style),
        }
        if self.emotion:
            inputs["emotion"] = ViewInput(
                gated=maps.emotion, gain=self.emotion.gain(conditions.emotion)
            )
        return inputs

    @torch.no_grad()
    def bake(self, means: Tensor) -> BakedFaceField:
        """Compute once per person what no frame changes, for means [N, 3]."""
        position = self.planes(means)
        return BakedFaceField(self, self.fuse.bake(position), self.maps(means, position))

    def param_groups(self) -> dict[str, list[Parameter]]:
        """Return every parameter once, by the group that shares a learning rate.

        `grids` 5e-3, `nets`, `fuse` and `decoder` 5e-4, `audio_attention` 2.5e-3 with weight
        decay 1e-4 (the released code). The code-books belong to `nets`.
        """
        grids, nets = list(self.planes.parameters()), []
        nets += [*self.audio.net.parameters(), *self.audio.channels.parameters()]
        if self.au:
            nets += self.au.parameters()
        if self.emotion:
            grids += self.emotion.planes.parameters()
            nets += [*self.emotion.project.parameters(), *self.emotion.codebooks.parameters()]
        return {
            "grids": grids,
            "nets": nets,
            "audio_attention": list(self.audio.frames.parameters()),
            "fuse": list(self.fuse.parameters()),
            "decoder": list(self.decoder.parameters()),
        }


@dataclass(frozen=True)
class FaceMaps:
    """What gates the views, the same at every frame.

    Attributes:
        audio: [38, N] channel attention of audio and of action units ([32, N] without).
        emotion: [192, N] emotion planes, or None.
        attention: what `Offsets.attention` shows.

    """

    audio: Tensor
    emotion: Tensor | None
    attention: dict[str, Tensor]


@dataclass(frozen=True)
class BakedFaceField:
    """A face field at fixed positions; call it with a frame's conditions."""

    field: FaceField
    block: BakedBlock
    maps: FaceMaps

    @torch.no_grad()
    def __call__(self, conditions: Conditions) -> Offsets:
        """Return what `FaceField.forward` returns at stage 2."""
        check_conditions(conditions, self.field.config, face=True)
        inputs = self.field.inputs(conditions, self.maps)
        fused = self.field.fuse.from_baked(self.block, inputs)
        return Offsets(**self.field.decoder(fused), attention=self.maps.attention)
