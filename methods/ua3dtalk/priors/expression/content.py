"""Content features: kernel ridge regression from sound to expression.

Stands where the paper puts a fine-tuned Wav2Lip and a face regressor (section 2.1): both turn
sound into the 64 expression numbers that a speaking face would show. What speech does to a face
is known to the lip expert, from many voices (`methods.speech.experts`); how this subject's face
does it is learnt here. The closed form takes seconds, and makes cross-fitting exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import scipy.fft
import torch
from torch import Tensor

from methods.speech.experts.features import expert_features
from methods.speech.experts.lip import LipExpert
from methods.speech.mel import frame_mels, melspectrogram
from methods.ua3dtalk.priors.config import PriorConfig

_CEPSTRA = 20  # of the mel levels of a frame: its spectral envelope, without the pitch
_JITTER = 1e-6


def content_inputs(
    audio: np.ndarray,
    fps: float,
    count: int,
    config: PriorConfig,
    expert: LipExpert | None = None,
) -> tuple[Tensor, ...]:
    """What content is regressed on: blocks of every frame and its neighbours, float32 [count,D].

    D = (2 context + 1) F. The sound itself: F = 20 cepstra of the frame's mean mel levels. With
    `content=expert` before it what the expert says: F = 24 controls, 12 directions of a layer, or
    coefficients. Outside the sequence the first and the last frame are repeated.

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz.
        fps: frames per second.
        count: frames.
        config: `content`, and an `expert` that is not "auto" any more.
        expert: the network, where that names a file.

    """

    def neighbours(values: np.ndarray, reach: int) -> Tensor:
        frames = np.arange(count)[:, None] + np.arange(-reach, reach + 1)
        return torch.from_numpy(values[frames.clip(0, count - 1)].reshape(count, -1))

    levels = frame_mels(melspectrogram(audio), fps, count, 1)
    cepstra = scipy.fft.dct(levels, axis=1, norm="ortho")[:, :_CEPSTRA]
    own = neighbours(cepstra, config.own_context)
    if config.content != "expert":
        return (own,)
    said = expert_features(audio, fps, count, expert or config.expert)
    return neighbours(said, config.expert_context), own


@dataclass
class ContentModel:
    """One regression per network of a cross-fit, over the same kernel features.

    Shapes: D inputs over B blocks, M landmarks, N models.
    """

    sizes: Tensor  # int64 [B], inputs of each block
    mean: Tensor  # float32 [D]
    scale: Tensor  # float32 [D]
    landmarks: Tensor  # float32 [M,D], standardised
    bandwidths: Tensor  # float32 [B]
    weights: Tensor  # float32 [N,M,64], on the kernel itself
    linear: Tensor  # float32 [N,D,64], on the standardised inputs
    bias: Tensor  # float32 [N,64]

    @torch.inference_mode()
    def __call__(self, blocks: Sequence[Tensor]) -> Tensor:
        """Expression by every model: inputs [T,D] in blocks -> [N,T,64]."""
        points = (torch.cat([*blocks], 1) - self.mean) * self.scale
        kernel = _kernel(points, self.landmarks, self.sizes, self.bandwidths)
        parts = zip(self.weights, self.linear, self.bias, strict=True)
        return torch.stack([kernel @ smooth + points @ slope + b for smooth, slope, b in parts])

    def state(self) -> dict[str, np.ndarray]:
        """All tensors by name."""
        return {name: value.cpu().numpy() for name, value in vars(self).items()}

    def first(self, count: int) -> ContentModel:
        """The first `count` of its networks."""
        kept = {name: getattr(self, name)[:count] for name in ("weights", "linear", "bias")}
        return replace(self, **kept)

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray], device: torch.device) -> ContentModel:
        """The model of such tensors."""
        return cls(**{name: torch.from_numpy(v).to(device) for name, v in arrays.items()})


def fit_content(
    blocks: Sequence[Tensor],
    target: Tensor,
    assigned: Tensor,
    seen: list[list[int]],
    config: PriorConfig,
    linear: bool,
) -> ContentModel:
    """Fit one model per entry of `seen`.

    The kernel is a sum over blocks of Gaussians, whose variances are half the median squared
    distances, plus a linear part in what an expert says: that is nearly right as it stands, what
    is not right is a smooth function of it, and the sound itself knows what the expert does not.
    With M landmarks (every frame, up to `content_landmarks`) and K_mm = L L^T, the features
    K L^-T turn kernel ridge regression into ridge regression, whose normal equations add up over
    folds. The landmarks are sound, never labels: a model's solution lies in the span of its own
    folds.

    Args:
        blocks: [T,D] in all, of what `content_inputs` returned.
        target: [T,64].
        assigned: int64 [T], fold of every frame.
        seen: for every model, the folds whose target it sees.
        config: context, landmarks and ridge.
        linear: whether the first block is what an expert says.

    """
    inputs = torch.cat([*blocks], 1)
    sizes = torch.tensor([block.shape[1] for block in blocks])
    mean, scale = inputs.mean(0), 1.0 / inputs.std(0).clamp_min(1e-3)
    points = (inputs - mean) * scale
    strength = config.expert_ridge if linear else config.own_ridge
    slopes = torch.zeros_like(mean)
    if linear:
        slopes[: int(sizes[0])] = config.expert_linear
    size = min(len(points), config.content_landmarks)
    landmarks = points[torch.linspace(0, len(points) - 1, size).long().to(points.device)]
    bandwidths = torch.stack(
        [
            (torch.cdist(block, block)[::2, 1::2] ** 2).median().clamp_min(1e-6)
            for block in landmarks.split(sizes.tolist(), 1)
        ]
    )

    def doubled(values: Tensor) -> Tensor:
        return _kernel(values.double(), landmarks.double(), sizes, bandwidths.double())

    # Digital silence repeats itself exactly; the jitter keeps such frames apart.
    jitter = _JITTER * torch.eye(size, dtype=torch.float64, device=points.device)
    root = torch.linalg.cholesky(doubled(landmarks) + jitter)
    smooth = torch.linalg.solve_triangular(root, doubled(points).T, upper=False).T
    features = torch.cat([smooth, (slopes * points).double()], 1)

    def sums(x: Tensor, y: Tensor) -> list[Tensor]:
        folds = range(int(assigned.max()) + 1)
        return [x[assigned == k].T @ y[assigned == k] for k in folds]

    goal = target.double()
    ones = torch.ones_like(goal[:, :1])
    gram, moment = sums(features, features), sums(features, goal)
    feature_sum, goal_sum = sums(features, ones), sums(goal, ones)
    frames = [int((assigned == k).sum()) for k in range(len(gram))]
    ridge = strength * torch.eye(features.shape[1], device=points.device, dtype=torch.float64)
    weights, lines, biases = [], [], []
    for folds in seen:
        count = sum(frames[k] for k in folds)
        middle, level, normal, right = (
            reduce(torch.add, [part[k] for k in folds])
            for part in (feature_sum, goal_sum, gram, moment)
        )
        middle, level = middle / count, level / count  # [M + D,1], [64,1]
        normal = normal - count * middle @ middle.T + ridge
        right = right - count * middle @ level.T
        solved = torch.cholesky_solve(right, torch.linalg.cholesky(normal))
        biases.append((level.T - middle.T @ solved)[0])
        weights.append(torch.linalg.solve_triangular(root.T, solved[:size], upper=True))
        lines.append(slopes[:, None] * solved[size:])
    solutions = (torch.stack(each).float() for each in (weights, lines, biases))
    return ContentModel(sizes, mean, scale, landmarks, bandwidths, *solutions)


def _kernel(points: Tensor, landmarks: Tensor, sizes: Tensor, bandwidths: Tensor) -> Tensor:
    """Sum over blocks of exp(-d^2 / bandwidth), [T,M]."""
    pairs = zip(points.split(sizes.tolist(), 1), landmarks.split(sizes.tolist(), 1), strict=True)
    squared = [torch.cdist(a, b) ** 2 for a, b in pairs]
    return torch.stack([torch.exp(-d / h) for d, h in zip(squared, bandwidths, strict=True)]).sum(0)
