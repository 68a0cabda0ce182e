"""The mouth branch: audio, content and style move the positions of the inside of the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from methods.ua3dtalk.field.attention import AudioAttention
from methods.ua3dtalk.field.audio import AUDIO_FEATURES
from methods.ua3dtalk.field.conditions import Conditions, Offsets
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.decoder import MOUTH_SIDEWAYS, Decoder
from methods.ua3dtalk.field.planes import TriPlanes
from methods.ua3dtalk.field.signals import check_conditions, check_stage
from methods.ua3dtalk.field.uncertainty import ViewInput
from methods.ua3dtalk.field.views import BakedBlock, FusionBlock, ViewSizes


class MouthField(nn.Module):
    """Offsets of the mouth's Gaussians: position only, no emotion, no action units.

    Args:
        config: sizes and switches; `use_au` and `use_emotion` have no effect here.

    """

    def __init__(self, config: FieldConfig) -> None:
        super().__init__()
        self.config = config
        position = config.position_features
        self.planes = TriPlanes(
            config.base_resolution, config.multipliers, config.plane_features, config.bound
        )
        self.audio = AudioAttention(position, config.audio_bands, config.audio_window)
        views = {"audio": ViewSizes(gated=AUDIO_FEATURES)}
        if config.use_prior:
            views["content"] = ViewSizes(constant=config.content_features)
            views["style"] = ViewSizes(constant=config.style_features)
        self.fuse = FusionBlock(views, config)
        self.decoder = Decoder(config.hidden, {"means": 3})

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
            Offsets with means [N, 3] and attention `audio` [N].

        Raises:
            BadInput: when a needed condition is absent or misshapen.

        """
        check_stage(stage)
        check_conditions(conditions, self.config, face=False)
        position = self.planes(means)
        attention = self.audio.map(position)
        inputs = self.inputs(conditions, attention)
        fused = self.fuse(position, inputs, stage=stage, generator=generator)
        return self.offsets(fused, {"audio": attention.norm(dim=0)})

    def inputs(self, conditions: Conditions, attention: Tensor) -> dict[str, ViewInput]:
        """Return each view's input at one frame; `attention` is [32, N]."""
        return {
            "audio": ViewInput(gated=attention, gain=self.audio.gain(conditions.audio)),
            "content": ViewInput(constant=conditions.content),
            "style": ViewInput(constant=conditions.style),
        }

    def offsets(self, fused: Tensor, attention: dict[str, Tensor]) -> Offsets:
        """Decode [H, N]."""
        means = self.decoder(fused)["means"]
        return Offsets(
            means * means.new_tensor([MOUTH_SIDEWAYS, 1, MOUTH_SIDEWAYS]), attention=attention
        )

    @torch.no_grad()
    def bake(self, means: Tensor) -> BakedMouthField:
        """Compute once per person what no frame changes, for means [N, 3]."""
        position = self.planes(means)
        attention = self.audio.map(position)
        return BakedMouthField(self, self.fuse.bake(position), attention)

    def param_groups(self) -> dict[str, list[Parameter]]:
        """Return every parameter once, by the group that shares a learning rate.

        `grids` 5e-3, `nets` 5e-4, `audio_attention` 2.5e-3 with weight decay 1e-4, `fuse` and
        `decoder` 5e-3 in the mouth (the released code).
        """
        return {
            "grids": list(self.planes.parameters()),
            "nets": [*self.audio.net.parameters(), *self.audio.channels.parameters()],
            "audio_attention": list(self.audio.frames.parameters()),
            "fuse": list(self.fuse.parameters()),
            "decoder": list(self.decoder.parameters()),
        }


@dataclass(frozen=True)
class BakedMouthField:
    """A mouth field at fixed positions; call it with a frame's conditions."""

    field: MouthField
    block: BakedBlock
    attention: Tensor

    @torch.no_grad()
    def __call__(self, conditions: Conditions) -> Offsets:
        """Return what `MouthField.forward` returns at stage 2."""
        check_conditions(conditions, self.field.config, face=False)
        inputs = self.field.inputs(conditions, self.attention)
        fused = self.field.fuse.from_baked(self.block, inputs)
        return self.field.offsets(fused, {"audio": self.attention.norm(dim=0)})
