"""Weights and inputs from numpy's PCG64 by name: the same numbers under every torch."""

from __future__ import annotations

import zlib

import numpy as np
import torch

from methods.ua3dtalk.field.conditions import Conditions

COUNT = 24


def draw(name, shape, low=-1.0, high=1.0):
    """Uniform float64 numbers that belong to a name."""
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return torch.from_numpy(rng.uniform(low, high, tuple(shape)))


def state(shapes):
    """A state for named shapes: planes and code-books in [0.1, 0.5], others as layers start.

    Args:
        shapes: name -> shape, in whatever layout.

    """
    found = {}
    for name, shape in shapes.items():
        if "grids" in name or "codebook" in name:
            found[name] = draw(name, shape, 0.1, 0.5)
        else:
            bound = (shape[-1] if len(shape) > 1 else 64) ** -0.5
            found[name] = draw(name, shape, -bound, bound)
    return found


def conditions(dtype=torch.float64):
    """One frame's, all of them in use."""
    return Conditions(
        draw("audio", (8, 29, 16)).to(dtype),
        draw("au", (6,), 0, 2).to(dtype),
        draw("content", (64,)).to(dtype),
        draw("style", (64,)).to(dtype),
        draw("emotion", (128,)).to(dtype),
    )


def means(count=COUNT, dtype=torch.float64):
    """[N, 3]; one point in three lies outside the cube of half side 0.15."""
    points = draw("means", (count, 3), -0.14, 0.14)
    points[::3] *= 1.4
    return points.to(dtype)


def outputs(offsets):
    """The tensors of `Offsets` by name."""
    found = {k: getattr(offsets, k) for k in ("means", "quats", "scales")}
    found |= {f"attention.{k}": v for k, v in offsets.attention.items()}
    return {k: v for k, v in found.items() if v is not None}


def weighted_sum(found):
    """A scalar whose gradient tells every output from every other."""
    return sum((draw(f"weight.{k}", v.shape) * v).sum() for k, v in found.items())
