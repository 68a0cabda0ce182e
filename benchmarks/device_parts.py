"""The parts of `benchmarks/device_check.py`: each measures one thing and returns plain values.

python -m benchmarks.device_parts NAME DEVICE VALUES.json [--small]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.device_sequence import cloud_sequence
from benchmarks.device_training import course_options, gaussians_of, options_of, trained
from benchmarks.splatting_scene import camera, head_scene
from harness.contracts import FitContext, RenderRequest, Sequence, TrainingSet
from harness.engine.work.timing import clock_for, time_frames
from methods import catalog
from methods.gaussians.rasterize import rasterize
from methods.ua3dtalk.spec import SPEC

ROOT = Path(__file__).resolve().parent.parent
Values = dict[str, Any]

#: Bounds of two rasterizers against each other: a threshold (1/255, 1e-4) that rounds the other
#: way changes a whole pixel, so the worst pixel may differ more than the rest.
LARGEST, BEYOND, GRADIENT = 5e-3, 1e-3, 2e-3
#: Options of each compared call.
CASES: Mapping[str, Mapping[str, Any]] = {
    "classic": {},
    "antialiased": {"rasterize_mode": "antialiased"},
    "depth": {"render_mode": "RGB+ED"},
    "spherical harmonics": {"sh_degree": 3},
}
NAMES = ("means", "quats", "scales", "opacities", "colors")


def gsplat_build(device: str, small: bool) -> Values:
    """Compile gsplat's kernels by their first use; later processes load them from its cache."""
    import gsplat

    start = time.perf_counter()
    drawn(head_scene(100), 32, device, "gsplat", {})
    return {"version": gsplat.__version__, "seconds": round(time.perf_counter() - start, 1)}


def gpu_tests(device: str, small: bool) -> Values:
    """Every test that is marked `gpu`."""
    tests = (ROOT / "tests").rglob("test_*.py")
    marked = [str(path) for path in tests if "mark.gpu" in path.read_text("utf-8")]
    words = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"]
    done = subprocess.run([*words, *marked], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:])
    return {"result": done.stdout.strip().splitlines()[-1]}


def drawn(
    scene: list[Tensor], size: int, device: str, backend: str, options: Mapping[str, Any]
) -> tuple[Tensor, dict[str, Tensor]]:
    """An image [1,S,S,D] and the gradients of a fixed random cotangent, both on the CPU."""
    leaves = [each.detach().to(device).requires_grad_() for each in scene]
    views, intrinsics = (each.to(device) for each in camera(size, 0.2))
    image, alpha, _ = rasterize(*leaves, views, intrinsics, size, size, backend=backend, **options)
    generator = torch.Generator().manual_seed(7)
    cotangent = torch.randn(image.shape, generator=generator).to(device)
    ((image * cotangent).sum() + alpha.sum()).backward()
    gradients = {name: leaf.grad.cpu() for name, leaf in zip(NAMES, leaves, strict=True)}
    return image.detach().cpu(), gradients


def rasterizers(device: str, small: bool) -> Values:
    """The device's rasterizer against the torch reference: values and gradients."""
    backend = "gsplat" if device == "cuda" else "cpu"
    count, size = (200, 48) if small else (3000, 128)
    found: Values = {"backend": backend, "gaussians": count, "size": size, "cases": {}}
    wrong = []
    for name, options in CASES.items():
        scene = head_scene(count)
        if "sh_degree" in options:
            bands = (options["sh_degree"] + 1) ** 2
            generator = torch.Generator().manual_seed(1)
            scene[4] = 0.4 * torch.randn(count, bands, 3, generator=generator)
        image, gradients = drawn(scene, size, device, backend, options)
        truth, expected = drawn(scene, size, "cpu", "reference", options)
        error = (image - truth).abs()
        case = {
            "largest": float(error.max()),
            "share_beyond_1e-4": float((error > 1e-4).double().mean()),
            "gradients": {
                key: float((gradients[key] - expected[key]).norm() / expected[key].norm())
                for key in NAMES
            },
        }
        found["cases"][name] = case
        # Depth is in metres around 1, so one bound serves it too.
        worst = max(case["gradients"].values())
        if case["largest"] > LARGEST or case["share_beyond_1e-4"] > BEYOND or worst > GRADIENT:
            wrong.append(name)
    if wrong:
        raise SystemExit(f"{', '.join(wrong)}: beyond the bounds in {json.dumps(found['cases'])}")
    return found


def fps(device: str, small: bool, gaussians: int) -> Values:
    """Frames a second of UA-3DTalk with its stage split, and peak memory, at two sizes."""
    sizes, frames, warm_up = ((64,), 55, 2) if small else ((256, 512), 330, 10)
    given = cloud_sequence(sizes[0], frames, device)
    steps = (2, 2, 2) if small else (10, 10, 5)
    context = FitContext(options_of(small, steps, **gaussians_of(gaussians)), device, 0)
    found: Values = {"gaussians_at_start": gaussians, "sizes": {}}
    with tempfile.TemporaryDirectory() as folder:
        catalog.build(SPEC.id).fit(TrainingSet.of(given), Path(folder), context)
        method = catalog.build(SPEC.id)
        method.load(Path(folder), device)
        for size in sizes:
            if device == "cuda":
                torch.cuda.reset_peak_memory_stats()
            clock = clock_for(device)
            timed = time_frames(method.render(request(given, size), clock), clock, warm_up)
            milliseconds = timed["frame_ms"]
            found["sizes"][str(size)] = {
                "frames": len(milliseconds),
                "fps": round(1e3 / median(milliseconds), 2),
                "frame_ms": round(median(milliseconds), 3),
                "stages_ms": {k: round(median(v), 3) for k, v in timed["stages_ms"].items()},
                "audio_startup_ms": round(timed["audio_startup_ms"], 3),
                "peak_memory_MiB": peak_memory(device),
            }
    return found


def request(given: Sequence, size: int) -> RenderRequest:
    """A render of the whole sequence at another size; its intrinsics are scaled."""
    whole = given.part(range(len(given.frames)))
    pose = whole.signal("camera")
    scale = np.array([size / given.width, size / given.height, 1.0], np.float32)
    return RenderRequest(
        audio=whole.audio,
        fps=whole.fps,
        count=len(whole.frames),
        height=size,
        width=size,
        camera=replace(pose, K=np.asarray(pose.K) * scale[:, None]),
        controls={"au": whole.signal("au")},
    )


def fps_2k(device: str, small: bool) -> Values:
    """Rendering with 2,000 Gaussians."""
    return fps(device, small, 200 if small else 2_000)


def fps_30k(device: str, small: bool) -> Values:
    """Rendering with 30,000 Gaussians."""
    return fps(device, small, 600 if small else 30_000)


def paper_fit(device: str, small: bool) -> Values:
    """A fit of 1,500 iterations by the preset `paper`, through every phase, LPIPS included."""
    given = cloud_sequence(64 if small else 256, 55 if small else 330, device)
    return trained(given, course_options(small), device, peak_memory)


def peak_memory(device: str) -> float:
    """Most memory so far: torch's on the GPU, or this process's resident memory, in MiB."""
    if device == "cuda":
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10, 1)


PARTS: Mapping[str, Callable[[str, bool], Values]] = {
    function.__name__: function
    for function in (gsplat_build, gpu_tests, rasterizers, fps_2k, fps_30k, paper_fit)
}


def main() -> None:
    """Run one part and write its values."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device_parts", description=__doc__)
    parser.add_argument("name", choices=PARTS)
    parser.add_argument("device", choices=("cuda", "cpu"))
    parser.add_argument("values", type=Path)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("torch finds no CUDA device")
    values = PARTS[options.name](options.device, options.small)
    options.values.write_text(json.dumps(values), "utf-8")


if __name__ == "__main__":
    main()
