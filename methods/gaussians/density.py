"""Operations of adaptive density control in 3DGS: clone, split, remove Gaussians.

Source: B. Kerbl et al., "3D Gaussian Splatting", 2023, section 5.2. The optimizer's moments
follow their Gaussians: kept for survivors, zero for new ones.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.gaussians.model import Gaussians
from methods.gaussians.reference import rotation_matrices


def duplicate(gaussians: Gaussians, optimizer: torch.optim.Optimizer | None, mask: Tensor) -> None:
    """Append a copy of every Gaussian in `mask` [N]."""
    rows = mask.nonzero().squeeze(1)
    _change(gaussians, optimizer, lambda _, p: torch.cat([p, p[rows]]), _grown(rows))


def split(
    gaussians: Gaussians,
    optimizer: torch.optim.Optimizer | None,
    mask: Tensor,
    generator: torch.Generator | None = None,
) -> None:
    """Replace every Gaussian in `mask` [N] by two, 1.6 times smaller, drawn from it."""
    rows, rest = mask.nonzero().squeeze(1), (~mask).nonzero().squeeze(1)
    with torch.no_grad():
        deviations = gaussians.standard_deviations()[rows]
        axes = rotation_matrices(gaussians.quats[rows])
        noise = torch.randn(2, len(rows), 3, generator=generator).to(deviations)
        offsets = (axes @ (noise * deviations)[..., None]).squeeze(-1)
        means = (gaussians.means[rows] + offsets).flatten(0, 1)
        scales = gaussians.raw_scales(deviations / 1.6).repeat(2, 1)

    def value(name: str, old: Tensor) -> Tensor:
        if name == "means":
            new = means
        elif name == "scales":
            new = scales
        else:
            new = old[rows].repeat(2, *[1] * (old.dim() - 1))
        return torch.cat([old[rest], new])

    def moment(old: Tensor) -> Tensor:
        return torch.cat([old[rest], old.new_zeros(2 * len(rows), *old.shape[1:])])

    _change(gaussians, optimizer, value, moment)


def remove(gaussians: Gaussians, optimizer: torch.optim.Optimizer | None, mask: Tensor) -> None:
    """Drop every Gaussian in `mask` [N]."""
    rest = (~mask).nonzero().squeeze(1)
    _change(gaussians, optimizer, lambda _, p: p[rest], lambda old: old[rest])


def _grown(rows: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda old: torch.cat([old, old.new_zeros(len(rows), *old.shape[1:])])


@torch.no_grad()
def _change(
    gaussians: Gaussians,
    optimizer: torch.optim.Optimizer | None,
    value: Callable[[str, Tensor], Tensor],
    moment: Callable[[Tensor], Tensor],
) -> None:
    """Replace parameters by `value(name, old)` and their moments by `moment(old)`.

    Every parameter of the module itself counts as one row per Gaussian, those that a subclass
    adds included.
    """
    for name, old in list(gaussians.named_parameters(recurse=False)):
        new = nn.Parameter(value(name, old.detach()).clone(), requires_grad=old.requires_grad)
        setattr(gaussians, name, new)
        if optimizer is None:
            continue
        for group in optimizer.param_groups:
            group["params"] = [new if p is old else p for p in group["params"]]
        state = optimizer.state.pop(old, None)
        if state:
            # Adam's `step` is a scalar; its moments have the parameter's shape.
            optimizer.state[new] = {
                key: moment(entry)
                if isinstance(entry, Tensor) and entry.shape == old.shape
                else entry
                for key, entry in state.items()
            }
