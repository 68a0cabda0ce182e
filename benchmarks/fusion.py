"""Time the uncertainty fusion against the published form: python -m benchmarks.fusion.

Modalities of the face branch (V = 4), float32, forward and backward, published form (explicit
inverses, autograd), low-rank form in plain torch, and the native kernel. Rounds alternate
between the forms so that a busy machine slows all of them; the ratio is the result.
`--field` also times the whole face branch at the sizes of the quick preset: a training step
of each stage, one frame by the full form, and one frame baked.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from methods.ua3dtalk.field.conditions import Conditions
from methods.ua3dtalk.field.config import FieldConfig
from methods.ua3dtalk.field.deformation import FaceField
from methods.ua3dtalk.field.fusion.precision import (
    JITTER,
    LOG_VARIANCE_BOUND,
    TorchPrecisionFusion,
    fuse_with,
)
from methods.ua3dtalk.field.native import NativePrecisionFusion, native_core

Modalities = list[Tensor]

SIZES = ((6_000, 4, 16), (3_000, 10, 48))
TOLERANCE = 1e-4


def published_fusion(modalities: Sequence[Tensor]) -> Tensor:
    """Fuse V modalities [T, 2*D, N] to [D, N] by V + 1 inverses (UA-3DTalk, Eqs. 10-12).

    As published and released: explicit inverses, gradients by autograd. The tests hold
    `precision_fusion` to it.
    """
    precision = weighted = modalities[0].new_zeros(())
    for modality in modalities:
        members, log_variances = modality.permute(2, 0, 1).chunk(2, dim=2)
        mean = members.mean(1)
        centred = members - mean[:, None]
        epistemic = centred.transpose(1, 2) @ centred / (members.shape[1] - 1)
        bounded = log_variances.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        aleatoric = bounded.exp().mean(1) + JITTER
        inverse = torch.inverse(epistemic + torch.diag_embed(aleatoric))
        precision = precision + inverse
        weighted = weighted + inverse @ mean[..., None]
    return (torch.inverse(precision) @ weighted)[..., 0].t()


FORMS: dict[str, Callable[..., Tensor]] = {
    "published": lambda *modalities: published_fusion(modalities),
    "torch": lambda *modalities: fuse_with(TorchPrecisionFusion, modalities),
    "native": lambda *modalities: fuse_with(NativePrecisionFusion, modalities),
}


def random_modalities(gaussians: int, members: int, latent: int, modalities: int = 4) -> Modalities:
    """Modalities [T, 2*D, N] with the spread of a field in training."""
    generator = torch.Generator().manual_seed(0)

    def draw(scale: float) -> Tensor:
        return torch.randn(members, latent, gaussians, generator=generator) * scale

    return [torch.cat([draw(0.3), draw(0.5)], dim=1).requires_grad_() for _ in range(modalities)]


def step(form: Callable[..., Tensor], modalities: Modalities) -> tuple[float, float, list[Tensor]]:
    """Run once: seconds forward, seconds backward, value and gradients."""
    start = time.perf_counter()
    fused = form(*modalities)
    middle = time.perf_counter()
    gradients = torch.autograd.grad(fused.sum(), modalities)
    end = time.perf_counter()
    return middle - start, end - middle, [fused.detach(), *gradients]


def relative_error(found: list[Tensor], truth: list[Tensor]) -> float:
    """Largest relative error over value and gradients."""
    pairs = zip(found, truth, strict=True)
    return max(float((a.double() - b.double()).norm() / b.double().norm()) for a, b in pairs)


def time_field(threads: int, rounds: int) -> None:
    """Print medians of the face branch at quick sizes, N = 6000."""
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    planes = {"base_resolution": 32, "multipliers": (1, 2, 4), "plane_features": 8}
    emotion = {"emotion_base_resolution": 32, "emotion_features": 8}
    field = FaceField(FieldConfig(**planes, **emotion, hidden=32, latent=16, ensemble_size=4))
    means = (torch.rand(6_000, 3) - 0.5) * 0.3
    conditions = Conditions(
        torch.randn(8, 29, 16), torch.rand(6), torch.randn(64), torch.randn(64), torch.randn(128)
    )
    baked = field.bake(means)

    def train(stage: int) -> None:
        offsets = field(means, conditions, stage=stage)
        field.zero_grad()
        (offsets.means.sum() + offsets.quats.sum() + offsets.scales.sum()).backward()

    def frame() -> None:
        with torch.no_grad():
            field(means, conditions, stage=2)

    runs: dict[str, Callable[[], object]] = {
        "step, stage 1": lambda: train(1),
        "step, stage 2": lambda: train(2),
        "frame, whole": frame,
        "frame, baked": lambda: baked(conditions),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(5 * rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    for name, times in seconds.items():
        print(f"{threads:7}   6000   4  16  {name}: {statistics.median(times) * 1e3:.1f} ms")


def main() -> int:
    """Print one row per size, thread count and form; fail when results differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--field", action="store_true", help="time the whole face branch too")
    arguments = parser.parse_args()
    forms = {k: v for k, v in FORMS.items() if k != "native" or native_core() is not None}
    worst = 0.0
    print("threads      N   T   D  form       fwd ms   f+b ms  times published   error")
    for gaussians, members, latent in SIZES:
        modalities = random_modalities(gaussians, members, latent)
        precise = [modality.detach().double().requires_grad_() for modality in modalities]
        *_, truth = step(FORMS["torch"], precise)
        for threads in arguments.threads:
            torch.set_num_threads(threads)
            runs: dict[str, list[tuple[float, float]]] = {name: [] for name in forms}
            errors = {}
            for _ in range(arguments.rounds):
                for name, form in forms.items():
                    forward, backward, result = step(form, modalities)
                    runs[name].append((forward, forward + backward))
                    errors[name] = relative_error(result, truth)
            worst = max(worst, *errors.values())
            medians = {
                name: [statistics.median(column) for column in zip(*times, strict=True)]
                for name, times in runs.items()
            }
            for name, (forward, both) in medians.items():
                gain = medians["published"][1] / both
                print(
                    f"{threads:7} {gaussians:6} {members:3} {latent:3}  {name:9}"
                    f"{forward * 1e3:8.1f} {both * 1e3:8.1f} {gain:16.1f} {errors[name]:7.0e}"
                )
    for threads in arguments.threads if arguments.field else ():
        time_field(threads, arguments.rounds)
    if worst > TOLERANCE:
        print(f"the forms differ by {worst:.1e}, more than {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    raise SystemExit(main())
