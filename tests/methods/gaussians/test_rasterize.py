"""The public function: what it refuses, what it returns, and real gsplat on a GPU."""

from __future__ import annotations

import pytest
import torch

from harness.contracts.errors import BadInput, Unavailable, UnknownName
from methods.gaussians.rasterize import rasterize


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"means": torch.zeros(5, 2)}, "means"),
        ({"quats": torch.zeros(4, 4)}, "quats"),
        ({"opacities": torch.zeros(5, 1)}, "opacities"),
        ({"colors": torch.zeros(6, 3)}, "colors"),
        ({"colors": torch.zeros(5, 33), "backgrounds": None}, "33 channels"),
        ({"colors": torch.zeros(5, 3, 3), "sh_degree": 1}, "at least 4"),
        ({"sh_degree": 4}, "sh_degree|cannot hold"),
        ({"viewmats": torch.eye(4)}, "viewmats"),
        ({"Ks": torch.eye(3)}, "Ks"),
        ({"backgrounds": torch.zeros(3)}, "backgrounds"),
        ({"width": 0}, "pixels"),
        ({"near_plane": 0.0}, "near_plane"),
        ({"near_plane": 3.0, "far_plane": 2.0}, "far_plane"),
        ({"render_mode": "rgb"}, "render_mode"),
        ({"rasterize_mode": "smooth"}, "rasterize_mode"),
        ({"scales": torch.zeros(5, 3, dtype=torch.float64)}, "one float type"),
        ({"means": torch.zeros(5, 3, dtype=torch.int64)}, "one float type"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_refuses(make_scene, change, match):
    with pytest.raises(BadInput, match=match):
        rasterize(**{**make_scene(5, 16), **change})


def test_unknown_backend(make_scene):
    with pytest.raises(UnknownName, match="cpu"):
        rasterize(**make_scene(5, 16), backend="cpuu")


def test_gsplat_backend_refuses_the_cpu(make_scene):
    with pytest.raises((BadInput, Unavailable), match="gsplat"):
        rasterize(**make_scene(5, 16), backend="gsplat")


@pytest.mark.parametrize("backend", ["cpu", "reference"], ids=["native", "torch"])
def test_meta(make_scene, backend):
    scene = make_scene(100, 40, 25, cameras=2)
    colors, alphas, meta = rasterize(**scene.leaves(), backend=backend)
    assert colors.shape == (2, 25, 40, 3)
    assert alphas.shape == (2, 25, 40, 1)
    shapes = {
        "radii": (2, 100, 2),
        "means2d": (2, 100, 2),
        "depths": (2, 100),
        "conics": (2, 100, 3),
        "opacities": (2, 100),
        "tiles_per_gauss": (2, 100),
        "isect_offsets": (2, 2, 3),
    }
    assert {k: tuple(meta[k].shape) for k in shapes} == shapes
    numbers = ("tile_width", "tile_height", "tile_size", "width", "height", "n_cameras")
    assert [meta[k] for k in numbers] == [3, 2, 16, 40, 25, 2]
    assert meta["radii"].dtype == torch.int32
    assert len(meta["flatten_ids"]) == int(meta["tiles_per_gauss"].sum()) > 0
    with pytest.raises(KeyError):
        meta["no such entry"]


GPU_CASES = [
    {},
    {"sh": 0},
    {"sh": 3},
    {"rasterize_mode": "antialiased"},
    {"render_mode": "RGB+ED"},
    {"absgrad": True},
]


@pytest.mark.gpu
@pytest.mark.parametrize("options", GPU_CASES, ids=str)
@pytest.mark.parametrize("size", [128, 256, 512])
def test_equals_gsplat_on_a_gpu(make_scene, run, size, options):
    options = dict(options)
    scene = make_scene(5000, size, size - 20, cameras=2, sh=options.pop("sh", None))
    ours = run(scene, backend="cpu", **options)
    device = {k: v.cuda() if isinstance(v, torch.Tensor) else v for k, v in scene.items()}
    theirs = run(type(scene)(device), backend="gsplat", **options)
    radii = (ours[2]["radii"] - theirs[2]["radii"].cpu()).abs()
    assert int(radii.max()) <= 1
    assert float((radii > 0).double().mean()) <= 1e-4
    seen = (ours[2]["radii"] > 0).all(-1)
    for name in ("means2d", "depths", "conics"):
        x, y = ours[2][name][seen], theirs[2][name].cpu()[seen]
        error = (x - y).abs() / (1 + y.abs())
        # Conics are inverses: of a few Gaussians the last digits differ.
        assert float(error.max()) <= 1e-4, name
        assert float((error > 1e-5).double().mean()) <= 2e-3, name
    for x, y in zip(ours[:2], theirs[:2], strict=True):
        error = (x - y.cpu()).abs()
        assert float(error.max()) <= 5e-3
        assert float((error > 1e-4).double().mean()) <= 1e-3
    for name, grad in ours[3].items():
        other = theirs[3][name].cpu()
        assert float((grad - other).norm() / other.norm()) <= 2e-3, name
    if options.get("absgrad"):
        a, b = ours[2]["means2d"].absgrad, theirs[2]["means2d"].absgrad.cpu()
        assert float((a - b).norm() / b.norm()) <= 2e-3
