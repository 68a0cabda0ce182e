"""Adaptive density control of 3DGS: clone, split, prune, reset of the opacities.

Source: B. Kerbl et al., "3D Gaussian Splatting", 2023, section 5.2, with the defaults of the
authors' code; `absolute` is Z. Ye et al., "AbsGS", 2024. The optimiser's moments follow their
Gaussians: kept for survivors, zero for new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.contracts.errors import BadInput
from methods.gaussians.model import Gaussians
from methods.gaussians.reference import rotation_matrices


@dataclass(frozen=True)
class DensityOptions:
    """When and what to grow and to prune.

    Attributes:
        start: first step that refines.
        stop: no refinement and no reset from here on.
        every: steps between refinements.
        reset_every: steps between resets of the opacities.
        grow_gradient: mean norm of the centre's gradient, in half image widths, above which a
            Gaussian grows. For `absolute`, AbsGS advises 4 times as much.
        split_size: clone up to this standard deviation, as a share of the extent; split above.
        prune_opacity: remove below.
        prune_size: remove above this standard deviation, as a share of the extent, once the
            opacities have been reset for the first time.
        absolute: use `meta["means2d"].absgrad`.
        most: never grow beyond this many Gaussians.

    """

    start: int = 500
    stop: int = 15_000
    every: int = 100
    reset_every: int = 3_000
    grow_gradient: float = 2e-4
    split_size: float = 0.01
    prune_opacity: float = 0.005
    prune_size: float = 0.1
    absolute: bool = False
    most: int = 200_000


class DensityControl:
    """Watches training and changes the number of Gaussians.

    Call `watch` after every backward pass and `refine` after every step of the optimiser.

    Args:
        gaussians: changed in place; its parameters become new objects.
        optimizer: Adam that holds them, among others perhaps; changed in place.
        extent: size of the scene, in its units.
        options: schedule and thresholds.
        seed: of the positions of split Gaussians.

    """

    def __init__(
        self,
        gaussians: Gaussians,
        optimizer: torch.optim.Optimizer,
        extent: float = 1.0,
        options: DensityOptions | None = None,
        seed: int = 0,
    ) -> None:
        self.gaussians, self.optimizer, self.extent = gaussians, optimizer, extent
        self.options = options or DensityOptions()
        self.generator = torch.Generator().manual_seed(seed)
        self._forget()

    def watch(self, meta: dict) -> None:
        """Add one backward pass's gradients of the image positions.

        Args:
            meta: of `rasterize`, with `retain_grad` called on `meta["means2d"]` before the
                backward pass (or absgrad=True), for unbatched images.

        """
        means2d = meta["means2d"]
        if self.options.absolute:
            grad = getattr(means2d, "absgrad", None)
        else:
            # Asking a tensor that retains none for its gradient makes torch warn.
            grad = means2d.grad if means2d.retains_grad else None
        if grad is None:
            raise BadInput(
                "meta['means2d']",
                "it has no gradient",
                "Pass absgrad=True to rasterize."
                if self.options.absolute
                else "Call meta['means2d'].retain_grad() before backward().",
            )
        # In half images, times the cameras whose loss was averaged: independent of both.
        size = grad.new_tensor([meta["width"], meta["height"]]) / 2 * meta["n_cameras"]
        seen = (meta["radii"] > 0).all(-1)
        norm = (grad.detach() * size).norm(dim=-1) * seen
        self._gradient += norm.reshape(-1, len(self.gaussians)).sum(0)
        self._count += seen.reshape(-1, len(self.gaussians)).sum(0)

    def refine(self, step: int) -> dict[str, int]:
        """Do what is due at this step.

        Returns:
            Counts of `cloned`, `split` and `pruned` Gaussians and of `reset` (0 or 1).

        """
        o, done = self.options, {"cloned": 0, "split": 0, "pruned": 0, "reset": 0}
        if step >= o.stop:
            return done
        if step >= o.start and step % o.every == 0:
            done["cloned"], done["split"] = self._grow()
            done["pruned"] = self._prune(too_large=step > o.reset_every)
            self._forget()
        if step > 0 and step % o.reset_every == 0:
            reset_opacities(self.gaussians, self.optimizer, 2 * o.prune_opacity)
            done["reset"] = 1
        return done

    def _grow(self) -> tuple[int, int]:
        o, mean = self.options, self._gradient / self._count.clamp_min(1)
        grows = mean > o.grow_gradient
        room = max(0, o.most - len(self.gaussians))
        if int(grows.sum()) > room:
            # The most needy first.
            chosen = torch.topk(torch.where(grows, mean, -1.0), room).indices
            grows = torch.zeros_like(grows)
            grows[chosen] = True
        with torch.no_grad():
            small = self.gaussians.standard_deviations().amax(-1) <= o.split_size * self.extent
        clones, splits = grows & small, grows & ~small
        duplicate(self.gaussians, self.optimizer, clones)
        # Clones stand at the end and are not split.
        splits = torch.cat([splits, splits.new_zeros(int(clones.sum()))])
        split(self.gaussians, self.optimizer, splits, self.generator)
        return int(clones.sum()), int(splits.sum())

    def _prune(self, too_large: bool) -> int:
        with torch.no_grad():
            gone = self.gaussians.alphas() < self.options.prune_opacity
            if too_large:
                largest = self.gaussians.standard_deviations().amax(-1)
                gone |= largest > self.options.prune_size * self.extent
        remove(self.gaussians, self.optimizer, gone)
        return int(gone.sum())

    def _forget(self) -> None:
        means = self.gaussians.means
        self._gradient = torch.zeros(len(means), device=means.device)
        self._count = torch.zeros(len(means), dtype=torch.long, device=means.device)


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


def reset_opacities(
    gaussians: Gaussians, optimizer: torch.optim.Optimizer | None, most: float
) -> None:
    """Bring every opacity down to at most `most` and forget its moments."""
    limit = float(torch.logit(torch.tensor(most)))
    _change(
        gaussians,
        optimizer,
        lambda _, p: p.clamp(max=limit),
        torch.zeros_like,
        names=("opacities",),
    )


def _grown(rows: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda old: torch.cat([old, old.new_zeros(len(rows), *old.shape[1:])])


@torch.no_grad()
def _change(
    gaussians: Gaussians,
    optimizer: torch.optim.Optimizer | None,
    value: Callable[[str, Tensor], Tensor],
    moment: Callable[[Tensor], Tensor],
    names: tuple[str, ...] | None = None,
) -> None:
    """Replace parameters by `value(name, old)` and their moments by `moment(old)`.

    Every parameter of the module itself counts as one row per Gaussian, those that a subclass
    adds included.
    """
    for name, old in list(gaussians.named_parameters(recurse=False)):
        if names is not None and name not in names:
            continue
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
