"""Which inputs content is read from, coefficient by coefficient.

What an expert says is enough where it knows the kind of voice; the sound itself teaches more where
it does not, and only noise where it does. Held-out frames tell which: every coefficient takes the
regression that predicts it best on frames that none of its parts has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.expression.content import ContentModel, fit_content
from methods.ua3dtalk.priors.folds import held_out_sets

#: The blocks of `content_inputs` that each regression sees, the preferred one first; and the name
#: of the only one where there is no expert.
CANDIDATES: Mapping[str, tuple[int, ...]] = {"expert": (0,), "both": (0, 1)}
OWN = "own"
#: A later candidate must lower the squared error by this share: less is chance.
_MARGIN = 0.03


@dataclass
class ContentChoice:
    """Regressions on different inputs. Shapes: V regressions, K networks of the cross-fit.

    Attributes:
        models: by the name of their inputs.
        shares: float32 [K,V,64], what of each prediction counts: its shrinkage where it was
            chosen, otherwise 0.

    """

    models: dict[str, ContentModel]
    shares: Tensor

    def __call__(self, blocks: Sequence[Tensor]) -> Tensor:
        """Expression by every network: all inputs [T,D] in blocks -> [K,T,64]."""
        return _mixed(_predictions(self.models, blocks), self.shares)

    def taken(self) -> dict[str, float]:
        """Part of the coefficients, mean over the networks, that each regression was chosen for."""
        chosen = (self.shares > 0).float().mean((0, 2))
        return {name: float(part) for name, part in zip(self.models, chosen, strict=True)}

    def state(self) -> dict[str, np.ndarray]:
        """All tensors by name."""
        stated = {"shares": self.shares.cpu().numpy()}
        for name, model in self.models.items():
            stated |= {f"{name}.{key}": value for key, value in model.state().items()}
        return stated

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray], device: torch.device) -> ContentChoice:
        """The choice of such tensors."""
        models: dict[str, dict[str, np.ndarray]] = {}
        for key, value in arrays.items():
            name, dot, part = key.partition(".")
            if dot:
                models.setdefault(name, {})[part] = value
        restored = {
            name: ContentModel.restore(models[name], device)
            for name in (*CANDIDATES, OWN)
            if name in models
        }
        return cls(restored, torch.from_numpy(arrays["shares"]).to(device))


def fit_choice(
    blocks: Sequence[Tensor], target: Tensor, assigned: Tensor, config: PriorConfig
) -> tuple[ContentChoice, Tensor]:
    """Cross-fit every candidate and choose for each coefficient.

    Args:
        blocks: [T,D] in all, what `content_inputs` returned.
        target: [T,64].
        assigned: int64 [T], fold of every frame.
        config: folds, context, landmarks and ridge.

    Returns:
        The networks of all folds, and nested predictions [K,K,T,64]. At [k,k] nothing depends on
        the targets of fold k. At [k,j] the regressions have seen neither fold k nor fold j; their
        choice and shrinkage are those of k, made on such predictions for all folds but k. The style
        network of fold k learns from these.

    """
    folds, rows = config.folds, torch.arange(len(target), device=target.device)
    sets = held_out_sets(folds)
    seen = [[k for k in range(folds) if k not in held_out] for held_out in sets]
    index = torch.tensor(
        [
            [sets.index((k,) if j == k else (min(j, k), max(j, k))) for j in range(folds)]
            for k in range(folds)
        ],
        device=target.device,
    )
    names = list(CANDIDATES) if len(blocks) > 1 else [OWN]
    models = {}
    for name in names:
        chosen = _inputs(name, blocks)
        models[name] = fit_content(chosen, target, assigned, seen, config, name != OWN)
    nested = _predictions(models, blocks)[index]  # [K,K,V,T,64]
    shares = []
    for k in range(folds):
        others = assigned != k
        # Independent of k, since a frame's own fold and k are both left out.
        held_out = nested[k, assigned, :, rows].transpose(0, 1)[:, others]
        shares.append(_choice(held_out, target[others]))
    factors = torch.stack(shares)
    mixed = torch.stack([_mixed(nested[k], factors[k].expand(folds, -1, -1)) for k in range(folds)])
    # Of the models only those that leave out one fold are needed for new sound.
    return ContentChoice({n: m.first(folds) for n, m in models.items()}, factors), mixed


def shrinkage(predicted: Tensor, target: Tensor) -> Tensor:
    """Slope of the target on a held-out prediction, in 0..1 for every output, [64].

    A coefficient that sound does not determine (a blink, a glance) is predicted by noise; the
    slope is the share of the prediction to keep.
    """
    power = (predicted**2).sum(0)
    slope = (predicted * target).sum(0) / power.clamp_min(1e-12)
    return torch.where(power > 1e-9, slope, torch.zeros_like(slope)).clamp(0, 1)


def _choice(predicted: Tensor, target: Tensor) -> Tensor:
    """Shares [V,64] for held-out predictions [V,T,64]: one regression for each coefficient."""
    factors = torch.stack([shrinkage(each, target) for each in predicted])
    errors = ((factors[:, None] * predicted - target) ** 2).mean(1)
    best, shares = errors[0].clone(), torch.zeros_like(factors)
    taken = torch.zeros_like(best, dtype=torch.long)
    for number, error in enumerate(errors[1:], 1):
        better = error < (1 - _MARGIN) * best
        best, taken = torch.where(better, error, best), torch.where(better, number, taken)
    return shares.scatter(0, taken[None], factors.gather(0, taken[None]))


def _inputs(name: str, blocks: Sequence[Tensor]) -> list[Tensor]:
    """The blocks that a candidate sees; where there is only the sound, that."""
    return [blocks[k] for k in CANDIDATES[name]] if len(blocks) > 1 else [*blocks]


def _predictions(models: Mapping[str, ContentModel], blocks: Sequence[Tensor]) -> Tensor:
    """What every network of every regression says, [N,V,T,64]."""
    return torch.stack([model(_inputs(name, blocks)) for name, model in models.items()], 1)


def _mixed(predicted: Tensor, shares: Tensor) -> Tensor:
    """Predictions [N,V,T,64] by shares [N,V,64], summed over V: [N,T,64]."""
    return torch.einsum("nvtc,nvc->ntc", predicted, shares)
