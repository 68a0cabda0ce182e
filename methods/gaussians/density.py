"""Operations of adaptive density control in 3DGS: clone, split, remove Gaussians.

Source: B. Kerbl et al., "3D Gaussian Splatting", 2023, section 5.2. The optimizer's moments
follow their Gaussians: kept for survivors, zero for new ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from methods.gaussians.model import Gaussians, raw_scales
from methods.gaussians.reference import rotation_matrices


def duplicate(gaussians: Gaussians, optimizer: torch.optim.Optimizer, mask: Tensor) -> None:
    """Append a copy of every Gaussian in `mask` [N]."""
    copies = {name: parameter[mask] for name, parameter in _parameters(gaussians)}
    _change(gaussians, optimizer, torch.ones_like(mask), copies)


def split(
    gaussians: Gaussians,
    optimizer: torch.optim.Optimizer,
    mask: Tensor,
    generator: torch.Generator | None = None,
) -> None:
    """Replace every Gaussian in `mask` [N] by two, 1.6 times smaller, drawn from it."""
    with torch.no_grad():
        deviations = gaussians.standard_deviations()[mask]
        axes = rotation_matrices(gaussians.quats[mask])
        noise = torch.randn(2, len(deviations), 3, generator=generator).to(deviations)
        offsets = (axes @ (noise * deviations)[..., None]).squeeze(-1)
        children = {
            name: parameter[mask].repeat(2, *[1] * (parameter.dim() - 1))
            for name, parameter in _parameters(gaussians)
        }
        children["means"] = (gaussians.means[mask] + offsets).flatten(0, 1)
        children["scales"] = raw_scales(deviations / 1.6).repeat(2, 1)
    _change(gaussians, optimizer, ~mask, children)


def remove(gaussians: Gaussians, optimizer: torch.optim.Optimizer, mask: Tensor) -> None:
    """Drop every Gaussian in `mask` [N]."""
    nothing = {name: parameter[:0] for name, parameter in _parameters(gaussians)}
    _change(gaussians, optimizer, ~mask, nothing)


def _parameters(gaussians: Gaussians) -> list[tuple[str, Tensor]]:
    """Every parameter of the module itself: one row per Gaussian, those of subclasses included."""
    return list(gaussians.named_parameters(recurse=False))


@torch.no_grad()
def _change(
    gaussians: Gaussians,
    optimizer: torch.optim.Optimizer,
    kept: Tensor,
    added: Mapping[str, Tensor],
) -> None:
    """Keep the Gaussians in `kept` [N] with their moments, and append some without."""
    for name, old in _parameters(gaussians):
        new = nn.Parameter(torch.cat([old[kept], added[name]]), requires_grad=old.requires_grad)
        setattr(gaussians, name, new)
        for group in optimizer.param_groups:
            group["params"] = [new if p is old else p for p in group["params"]]
        state = optimizer.state.pop(old, None)
        if state:
            # Adam's `step` is a scalar; its moments have the parameter's shape.
            optimizer.state[new] = {
                key: torch.cat([entry[kept], torch.zeros_like(added[name])])
                if isinstance(entry, Tensor) and entry.shape == old.shape
                else entry
                for key, entry in state.items()
            }
