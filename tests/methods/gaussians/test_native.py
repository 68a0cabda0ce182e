"""The native core against the float64 reference, and against itself."""

from __future__ import annotations

import threading

import pytest
import torch

from harness.contracts.errors import BadInput
from methods.gaussians.native import kernels, library
from methods.gaussians.rasterize import rasterize

# A silent fallback to torch would make every comparison here empty.
pytestmark = pytest.mark.filterwarnings("error")


def against_reference(run, scene, **options):
    ours = run(scene, backend="cpu", **options)
    return ours, run(scene.to(torch.float64), backend="reference", **options)


@pytest.mark.parametrize(
    ("count", "size", "options"),
    [
        (300, (40, 40), {}),
        (1500, (64, 64), {"cameras": 3}),
        (3000, (128, 100), {}),
        (2000, (100, 70), {"background": False}),
        (200, (7, 5), {}),
        (500, (64, 64), {"channels": 1}),
        (500, (64, 64), {"channels": 2}),
        (500, (64, 64), {"channels": 4, "cameras": 2}),
        (500, (64, 64), {"channels": 7, "cameras": 2}),
        (300, (40, 40), {"channels": 32}),
        (800, (64, 64), {"sh": 0}),
        (800, (64, 64), {"sh": 1}),
        (800, (64, 64), {"sh": 2, "cameras": 2}),
        (800, (64, 64), {"sh": 3}),
    ],
    ids=str,
)
def test_equals_reference(make_scene, run, assert_close, count, size, options):
    assert_close(*against_reference(run, make_scene(count, *size, **options)))


@pytest.mark.parametrize("mode", ["classic", "antialiased"])
@pytest.mark.parametrize("render_mode", ["D", "ED", "RGB+D", "RGB+ED"])
def test_depth_and_antialiasing_equal_reference(make_scene, run, assert_close, mode, render_mode):
    scene = make_scene(600, 64, 50, cameras=2, background="RGB" in render_mode)
    if "RGB" not in render_mode:
        scene["colors"] = scene["colors"][:, :0]  # not looked at
    ours, oracle = against_reference(run, scene, rasterize_mode=mode, render_mode=render_mode)
    for grads in (ours[3], oracle[3]):
        grads.pop("colors" if "RGB" not in render_mode else "", None)
    assert_close(ours, oracle, largest=2e-4, gradient=2e-4, share=1e-3)


def test_many_gaussians_with_flips_at_thresholds(make_scene, run, assert_close):
    ours, oracle = against_reference(run, make_scene(15000, 128, seed=1))
    assert_close(ours, oracle, largest=2e-2, gradient=2e-3, share=2e-3)


def test_batch_dimensions_and_colors_per_camera(make_scene, run, assert_close):
    parts = [make_scene(200, 40, cameras=2, seed=s) for s in (1, 2)]
    scene = type(parts[0])(parts[0])
    for name, value in scene.items():
        if isinstance(value, torch.Tensor):
            scene[name] = torch.stack([p[name] for p in parts])
    scene["colors"] = torch.rand(2, 2, 200, 3, generator=torch.Generator().manual_seed(1))
    ours, oracle = against_reference(run, scene)
    assert ours[0].shape == (2, 2, 40, 40, 3)
    assert ours[2]["means2d"].shape == (2, 2, 200, 2)
    assert_close(ours, oracle)


def test_absgrad_is_the_sum_of_absolute_pixel_gradients(make_scene):
    for channels in (3, 6):
        scene = make_scene(40, 20, 18, channels=channels, seed=2)
        _, _, meta = rasterize(**(leaves := scene.leaves()), backend="cpu", absgrad=True)
        v = torch.randn(18, 20, channels, generator=torch.Generator().manual_seed(1))
        image = rasterize(**leaves, backend="cpu", absgrad=True)
        meta = image[2]
        (image[0][0] * v).sum().backward()
        exact = scene.to(torch.float64).leaves()
        colors, _, reference_meta = rasterize(**exact, backend="reference")
        total = torch.zeros(1, 40, 2, dtype=torch.float64)
        for y in range(18):
            for x in range(20):
                total += torch.autograd.grad(
                    (colors[0, y, x] * v[y, x]).sum(), reference_meta["means2d"], retain_graph=True
                )[0].abs()
        got = meta["means2d"].absgrad
        assert float((got - total).norm() / total.norm()) < 1e-5


def test_isas_agree(make_scene, run, assert_close, monkeypatch):
    scene = make_scene(1000, 80, 70, sh=2, cameras=2)
    oracle = run(scene.to(torch.float64), backend="reference")
    for isa in library.supported_isas():
        monkeypatch.setenv(library.ISA_VARIABLE, isa)
        assert_close(run(scene, backend="cpu", rasterize_mode="classic"), oracle)


def identical(a, b) -> bool:
    same = all(torch.equal(x, y) for x, y in zip(a[:2], b[:2], strict=True))
    return same and all(torch.equal(a[3][k], b[3][k]) for k in a[3])


def test_reproducible_and_independent_of_threads(make_scene, run):
    scene = make_scene(4000, 128, 96, cameras=2)
    one, again = (run(scene, backend="cpu", threads=1) for _ in range(2))
    two, twice = (run(scene, backend="cpu", threads=2) for _ in range(2))
    assert identical(one, again)
    assert identical(two, twice)
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    for name, grad in one[3].items():
        assert float((grad - two[3][name]).norm() / grad.norm()) < 1e-5


def test_cameras_are_rendered_as_if_alone(make_scene):
    scene = make_scene(800, 64, cameras=3)
    together = rasterize(**scene)[0]
    for i in range(3):
        alone = {k: scene[k][i : i + 1] for k in ("viewmats", "Ks", "backgrounds")}
        assert torch.equal(rasterize(**{**scene, **alone})[0][0], together[i])


def test_order_of_gaussians_does_not_matter(make_scene):
    scene = make_scene(800, 64)
    order = torch.randperm(800, generator=torch.Generator().manual_seed(0))
    shuffled = dict(scene)
    for name in ("means", "quats", "scales", "opacities", "colors"):
        shuffled[name] = scene[name][order]
    assert torch.equal(rasterize(**scene)[0], rasterize(**shuffled)[0])


def test_linear_in_background_and_colors(make_scene):
    scene = make_scene(800, 64, background=False)
    black, alphas, _ = rasterize(**scene)
    background = torch.tensor([[0.2, 0.7, 1.5]])
    shown = rasterize(**scene, backgrounds=background)[0]
    torch.testing.assert_close(shown, black + (1 - alphas) * background, atol=1e-6, rtol=0)
    doubled = rasterize(**{**scene, "colors": 2 * scene["colors"]})[0]
    torch.testing.assert_close(doubled, 2 * black, atol=1e-6, rtol=0)


def test_depth_ties_go_by_index(make_scene):
    scene = make_scene(2, 16, background=False)
    scene["means"] = torch.zeros(2, 3)
    scene["scales"] = torch.full((2, 3), 0.3)
    scene["opacities"] = torch.tensor([0.6, 0.6])
    scene["colors"] = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])
    center = rasterize(**scene)[0][0, 8, 8]
    assert center[0] > center[1]


@pytest.mark.parametrize("kind", ["none", "behind", "beside", "transparent", "zero quaternion"])
def test_nothing_to_see(make_scene, run, kind):
    scene = make_scene(0 if kind == "none" else 20, 24, cameras=2)
    if kind == "behind":
        scene["means"][:, 2] -= 5
    elif kind == "beside":
        scene["means"][:, 1] += 50
    elif kind == "transparent":
        scene["opacities"][:] = 0.0039  # just under 1/255
    elif kind == "zero quaternion":
        scene["quats"][:] = 0
    colors, alphas, meta, grads = run(scene, backend="cpu")
    assert torch.equal(colors, scene["backgrounds"][:, None, None].expand_as(colors))
    assert not alphas.any()
    assert not meta["radii"].any()
    for name in ("means", "quats", "scales", "opacities"):
        assert not grads[name].any()
        assert torch.isfinite(grads[name]).all()


@pytest.mark.parametrize("kind", ["opaque", "threshold", "needle", "huge", "near", "off centre"])
def test_extremes_equal_reference(make_scene, run, assert_close, kind):
    scene = make_scene(30, 50, 34, seed=4)
    if kind == "opaque":
        scene["opacities"][:] = 1.0
    elif kind == "threshold":
        scene["opacities"][:15] = 1.0001 / 255
    elif kind == "needle":
        scene["scales"] = torch.tensor([0.3, 1e-5, 1e-5]).expand(30, 3).clone()
    elif kind == "huge":
        scene["scales"] *= 60
        scene["opacities"] *= 0.2
    elif kind == "near":
        scene["viewmats"][:, 2, 3] = 0.12
    elif kind == "off centre":
        scene["Ks"][:, 0, 2], scene["Ks"][:, 1, 2] = -10.0, 45.0
    ours, oracle = against_reference(run, scene)
    # A needle's conic cancels three digits when it acts along the needle.
    gradient = 2e-2 if kind == "needle" else 1e-3
    assert_close(ours, oracle, largest=1e-3, gradient=gradient, share=2e-2)
    assert ours[2]["radii"].any()
    for grad in ours[3].values():
        assert torch.isfinite(grad).all()


def test_non_contiguous_inputs_are_copied(make_scene):
    scene = make_scene(300, 40)
    strided = {
        k: v.mT.contiguous().mT if isinstance(v, torch.Tensor) and v.dim() > 1 else v
        for k, v in scene.items()
    }
    assert not strided["means"].is_contiguous()
    assert torch.equal(rasterize(**scene)[0], rasterize(**strided)[0])


def test_float64_is_refused_by_name(make_scene):
    with pytest.raises(BadInput, match=r"float64.*backend='reference'"):
        rasterize(**make_scene(5, 16).to(torch.float64), backend="cpu")


@pytest.mark.parametrize(
    "name", ["means", "quats", "scales", "opacities", "colors", "viewmats", "Ks"]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_finite_is_refused_by_name(make_scene, name, value):
    scene = make_scene(40, 24, sh=1 if name == "colors" else None)
    scene[name].flatten()[:] = value
    with pytest.raises(BadInput, match=name):
        rasterize(**scene, backend="cpu")
    rasterize(**make_scene(40, 24))  # the frame that failed is usable again


def test_backward_twice(make_scene):
    scene = make_scene(200, 32).leaves()
    loss = rasterize(**scene)[0].square().sum()
    loss.backward(retain_graph=True)
    first = scene["means"].grad.clone()
    loss.backward()
    assert torch.equal(scene["means"].grad, 2 * first)


def test_no_grad_keeps_no_graph(make_scene):
    with torch.no_grad():
        colors, _, meta = rasterize(**make_scene(50, 24).leaves())
    assert not colors.requires_grad
    assert not meta["means2d"].requires_grad


def test_only_alpha_and_only_positions(make_scene, run):
    """Absent cotangents are zero ones."""
    scene = make_scene(200, 32)
    a, b = scene.leaves(), scene.leaves()
    rasterize(**a)[1].sum().backward()
    colors, alphas, _ = rasterize(**b)
    (alphas.sum() + 0 * colors.sum()).backward()
    torch.testing.assert_close(a["means"].grad, b["means"].grad)
    c = scene.leaves()
    rasterize(**c)[2]["means2d"].sum().backward()
    assert c["means"].grad.abs().sum() > 0


def test_two_python_threads(make_scene, run):
    scenes = [make_scene(600, 64, seed=s) for s in (1, 2)]
    alone = [run(s, backend="cpu", threads=2) for s in scenes]
    results: list = [None, None]

    def work(i: int) -> None:
        for _ in range(5):
            results[i] = run(scenes[i], backend="cpu", threads=2)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert all(identical(a, b) for a, b in zip(alone, results, strict=True))


def test_one_openmp_runtime():
    """Two would compete for the same cores; only Linux tells which are loaded."""
    kernels.load_kernels()
    try:
        with open("/proc/self/maps") as maps:
            loaded = {line.split()[-1] for line in maps if "libgomp" in line or "libomp" in line}
    except FileNotFoundError:
        loaded = set()
    assert len(loaded) <= 1
