"""The expression signal as the 64 numbers that the priors predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.contracts import BadInput, Expression
from methods.ua3dtalk.priors.config import CONTENT_SIZE


@dataclass(frozen=True)
class ExpressionTarget:
    """Standardised expression, brought to 64 dimensions.

    Coefficients are centred and divided by their deviation over the training set. Fewer than
    64 are padded with zeros; more are projected on their first 64 principal components
    (before that division). `bfm64` fits as it is.
    """

    mean: np.ndarray  # float32 [E]
    components: np.ndarray  # float32 [E, D], D <= 64
    scale: np.ndarray  # float32 [D], what a component is multiplied by

    @classmethod
    def of(cls, expression: Expression, subject: str) -> ExpressionTarget:
        """The target of a training set.

        Raises:
            BadInput: values that are not finite, or that never move.

        """
        values = np.asarray(expression.values, np.float64)
        if values.ndim != 2 or not np.isfinite(values).all():
            shape = list(values.shape)
            fact = f"its expression ({expression.basis}) is not finite, or its shape {shape} wrong"
            raise BadInput(subject, fact, "Prepare the video again.")
        mean, size = values.mean(0), values.shape[1]
        components = np.eye(size)
        if size > CONTENT_SIZE:
            components = np.linalg.svd(values - mean, full_matrices=False)[2][:CONTENT_SIZE].T
        std = ((values - mean) @ components).std(0)
        if not std.max(initial=0.0) > 0:
            raise BadInput(
                subject,
                f"its expression ({expression.basis}) is the same in all {len(values)} frames",
                "Use a video in which the face moves.",
            )
        # A coefficient that hardly moves is noise; at unit deviation it would weigh like speech.
        scale = 1.0 / np.maximum(std, 0.02 * std.max())
        return cls(mean.astype("f4"), components.astype("f4"), scale.astype("f4"))

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Expression [T,E] as float32 [T,64]."""
        short = (values - self.mean) @ self.components * self.scale
        full = np.zeros((len(values), CONTENT_SIZE), np.float32)
        full[:, : short.shape[1]] = short
        return full


def prediction_errors(predicted: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """How well [T,64] is predicted.

    Returns:
        `error`: squared error over the variance of the target (1 = no better than its mean).
        `correlation`: mean Pearson correlation over the dimensions that move.

    """
    predicted, target = predicted.astype(np.float64), target.astype(np.float64)
    centred = target - target.mean(0)
    moving = centred.std(0) > 1e-3
    error = ((predicted - target) ** 2)[:, moving].sum() / (centred[:, moving] ** 2).sum()
    spread = predicted[:, moving] - predicted[:, moving].mean(0)
    norm = np.linalg.norm(spread, axis=0) * np.linalg.norm(centred[:, moving], axis=0)
    products = (spread * centred[:, moving]).sum(0)
    return {
        "error": float(error),
        "correlation": float(np.mean(products / np.maximum(norm, 1e-12))),
    }
