"""The uncertainty block: one ensemble per modality, joined, and mixed with the position again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.fusion.ensemble import ModalityEnsemble, ModalityInput
from methods.ua3dtalk.field.fusion.join import join
from methods.ua3dtalk.field.fusion.variance import fused_variance
from methods.ua3dtalk.field.layers import ChannelLinear


@dataclass(frozen=True)
class ModalitySizes:
    """Channels of a modality's input; see `ModalityEnsemble`."""

    gated: int = 0
    constant: int = 0
    with_position: bool = True


@dataclass(frozen=True)
class BakedBlock:
    """The block's frame-independent parts: each modality's first layer and the output layer's."""

    modalities: dict[str, Tensor]
    output: Tensor


class FusionBlock(nn.Module):
    """Modalities to one feature [H, N] per Gaussian.

    Args:
        modalities: name and input sizes of each modality, in the order in which they are joined.
        config: sizes and the kind of fusion.

    """

    def __init__(self, modalities: Mapping[str, ModalitySizes], config: FieldConfig) -> None:
        super().__init__()
        self.fusion = config.joined_by
        position = config.position_features
        self.ensembles: Mapping[str, ModalityEnsemble] = nn.ModuleDict(  # type: ignore[assignment]  # it is not generic
            {
                name: ModalityEnsemble(
                    modality.gated,
                    modality.constant,
                    position if modality.with_position else 0,
                    config.hidden,
                    config.latent,
                    config.members,
                    with_variance=self.fusion in ("full", "diag"),
                )
                for name, modality in modalities.items()
            }
        )
        self.joined = config.latent * (len(modalities) if self.fusion == "concat" else 1)
        self.output = ChannelLinear(self.joined + position, config.hidden)

    def forward(
        self,
        position: Tensor,
        inputs: Mapping[str, ModalityInput],
        *,
        stage: int,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Fuse one frame's modalities.

        Args:
            position: [P, N] encoded position.
            inputs: one per modality.
            stage: 1 draws one member per modality, 2 takes them all.
            generator: where stage 1 draws from (CPU); torch's default when None.

        Returns:
            [H, N].

        """
        latents = []
        for name, ensemble in self.ensembles.items():
            members = ensemble.draw(generator) if stage == 1 else slice(None)
            base = ensemble.position_part(position, members)
            latents.append(ensemble(base, inputs[name], members))
        return self._mix(latents, self._output_position_part(position))

    def bake(self, position: Tensor) -> BakedBlock:
        """Compute what does not depend on the frame."""
        return BakedBlock(
            {name: each.position_part(position) for name, each in self.ensembles.items()},
            self._output_position_part(position),
        )

    def from_baked(self, baked: BakedBlock, inputs: Mapping[str, ModalityInput]) -> Tensor:
        """Return what `forward` returns at stage 2."""
        return self._mix(self._from_baked(baked, inputs), baked.output)

    def variance(self, baked: BakedBlock, inputs: Mapping[str, ModalityInput]) -> Tensor:
        """Return the mean variance of the fused latent at stage 2, float64 [N]."""
        return fused_variance(self._from_baked(baked, inputs), self.fusion)

    def _from_baked(self, baked: BakedBlock, inputs: Mapping[str, ModalityInput]) -> list[Tensor]:
        return [
            ensemble(baked.modalities[name], inputs[name])
            for name, ensemble in self.ensembles.items()
        ]

    def _output_position_part(self, position: Tensor) -> Tensor:
        weight = self.output.weight[:, self.joined :]
        return torch.addmm(self.output.bias[:, None], weight, position)

    def _mix(self, latents: list[Tensor], position_part: Tensor) -> Tensor:
        joined = join(latents, self.fusion)
        return torch.addmm(position_part, self.output.weight[:, : self.joined], joined)
