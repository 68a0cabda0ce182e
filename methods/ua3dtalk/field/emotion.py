"""Emotion encoder: soft code-book attention over the emotion feature (UA-3DTalk, Eq. 6)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from methods.ua3dtalk.field.planes import FIRST, TriPlanes


class EmotionEncoder(nn.Module):
    """Emotion planes, gated channel by channel by what the code-books answer.

    At scale s the code-book A has `features * s` rows; the frame's answer is
    softmax(e A^T / sqrt(features)) A, where e is the projected emotion feature. This is the
    soft attention of Audio-Plane (arXiv 2503.22605, section III-D), not a nearest code.

    Args:
        base_resolution: side of the coarsest emotion plane.
        multipliers: scales of planes and code-books.
        features: channels C of a plane and of a code.
        condition_features: size of the emotion feature.
        bound: half side of the cube that the planes cover.

    """

    def __init__(
        self,
        base_resolution: int,
        multipliers: Sequence[int],
        features: int,
        condition_features: int,
        bound: float,
    ) -> None:
        super().__init__()
        self.project = nn.Linear(condition_features, features)
        self.planes = TriPlanes(base_resolution, multipliers, features, bound)
        self.codebooks = nn.ParameterList(
            nn.Parameter(torch.empty(features * multiplier, features).uniform_(*FIRST))
            for multiplier in multipliers
        )

    @property
    def outputs(self) -> int:
        """Channels over all scales."""
        return sum(book.shape[1] for book in self.codebooks)

    def gain(self, emotion: Tensor) -> Tensor:
        """Return the code-books' answers [scales * C] for an emotion feature [128]."""
        query = self.project(emotion)
        answers = []
        for book in self.codebooks:
            weights = torch.softmax(book @ query / query.numel() ** 0.5, dim=0)
            answers.append(weights @ book)
        return torch.cat(answers)

    def map(self, means: Tensor) -> Tensor:
        """Return the plane features [scales * C, N] at means [N, 3]."""
        return self.planes(means)
