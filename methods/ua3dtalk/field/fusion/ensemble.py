"""Deep ensembles of one modality, evaluated as batched matrix products (UA-3DTalk, Eqs. 7-11)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class ModalityInput:
    """Input of one modality at one frame; every part may be absent.

    Attributes:
        gated: [G, N] features that differ by Gaussian but not by frame.
        gain: [G] the frame's factor on each of them.
        constant: [K] features equal for all Gaussians of the frame.

    """

    gated: Tensor | None = None
    gain: Tensor | None = None
    constant: Tensor | None = None


class ModalityEnsemble(nn.Module):
    """T networks Linear, ReLU, {Linear (mean), Linear (log-variance)} on the same input.

    The input of a Gaussian is [gain * gated, constant, position]. It is never put together:
    the gain multiplies the weights instead of N columns, and the constant part is one vector
    added to the bias. What remains of the first layer, `position_part`, is the same at every
    frame.

    All members live in one parameter per layer, so a member that was not drawn has a zero
    gradient, not none: AdamW decays its moments as it does for a rarely seen embedding.

    Args:
        gated: channels G.
        constant: channels K.
        position: channels P of the encoded position, 0 to leave it out.
        hidden: width H.
        latent: size D.
        members: T.
        with_variance: whether there is a log-variance head.

    """

    def __init__(
        self,
        gated: int,
        constant: int,
        position: int,
        hidden: int,
        latent: int,
        members: int,
        *,
        with_variance: bool,
    ) -> None:
        super().__init__()
        self.sizes = (gated, constant, position)
        inputs, outputs = sum(self.sizes), latent * (2 if with_variance else 1)
        # The ranges of nn.Linear's own initialisation.
        first, second = inputs**-0.5, hidden**-0.5
        self.weight_in = nn.Parameter(torch.empty(members, hidden, inputs).uniform_(-first, first))
        self.bias_in = nn.Parameter(torch.empty(members, hidden).uniform_(-first, first))
        self.weight_out = nn.Parameter(
            torch.empty(members, outputs, hidden).uniform_(-second, second)
        )
        self.bias_out = nn.Parameter(torch.empty(members, outputs).uniform_(-second, second))

    @property
    def members(self) -> int:
        """Number of networks T."""
        return len(self.weight_in)

    def draw(self, generator: torch.Generator | None) -> slice:
        """Draw one member at random, as a slice of the members."""
        index = int(torch.randint(self.members, (), generator=generator))
        return slice(index, index + 1)

    def position_part(self, position: Tensor | None, members: slice = slice(None)) -> Tensor:
        """Return the first layer's frame-independent part [T*H, N] (or [T*H, 1])."""
        bias = self.bias_in[members].flatten()[:, None]
        if not self.sizes[2]:
            return bias
        weight = self.weight_in[members, :, self.sizes[0] + self.sizes[1] :].flatten(0, 1)
        assert position is not None, "this modality's input has the position"
        return torch.addmm(bias, weight, position)

    def forward(
        self, base: Tensor, modality: ModalityInput, members: slice = slice(None)
    ) -> Tensor:
        """Evaluate `members` on one frame.

        Args:
            base: [T*H, N], what `position_part` returned for the same members.
            modality: the frame's input.
            members: which networks; all by default.

        Returns:
            [T, 2*D, N] (or [T, D, N] without variance): means, then log-variances.

        """
        gated, constant, _ = self.sizes
        weight = self.weight_in[members].flatten(0, 1)
        if constant:
            assert modality.constant is not None, "checked with the conditions"
            base = base + (weight[:, gated : gated + constant] @ modality.constant)[:, None]
        if gated:
            assert modality.gain is not None, "checked with the conditions"
            assert modality.gated is not None, "made together with the gain"
            base = torch.addmm(base, weight[:, :gated] * modality.gain, modality.gated)
        # In place: at full size each of these tensors is tens of megabytes.
        hidden = base.relu_().unflatten(0, (-1, self.weight_in.shape[1]))
        return torch.baddbmm(self.bias_out[members][:, :, None], self.weight_out[members], hidden)
