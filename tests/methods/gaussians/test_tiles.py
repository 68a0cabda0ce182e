"""Tile lists: gsplat's, ours in torch, and the native core's, all equal."""

from __future__ import annotations

from ctypes import c_int64, c_void_p
from pathlib import Path

import numpy as np
import pytest
import torch

from methods.gaussians.native.autograd import Project, Render, RenderJob
from methods.gaussians.native.kernels import load_kernels
from methods.gaussians.rasterize import rasterize
from methods.gaussians.request import RasterRequest
from methods.gaussians.tiles import tile_lists

GOLDEN = np.load(Path(__file__).parent / "golden" / "tiles.npz")


@pytest.mark.parametrize("name", ["a", "b"])
def test_equal_to_gsplats_helpers(name):
    g = {k[2:]: torch.from_numpy(GOLDEN[k]) for k in GOLDEN.files if k.startswith(f"{name}_")}
    width, height = g["size"].tolist()
    lists = tile_lists(g["means2d"], g["radii"], g["depths"], width, height)
    assert torch.equal(lists["tiles_per_gauss"], g["per_gaussian"].int())
    assert torch.equal(lists["isect_ids"], g["keys"])
    assert torch.equal(lists["flatten_ids"], g["ids"])
    assert torch.equal(lists["isect_offsets"], g["offsets"])


def native_lists(request, kernels):
    job = RenderJob(request, kernels, 1, keep=True)
    with torch.no_grad():
        r = request
        projected = Project.apply(r.means, r.quats, r.scales, r.opacities, r.viewmats, r.Ks, job)
        Render.apply(projected[1], projected[3], projected[2], r.opacities, r.colors, None, job)
    frame = job.frames[0]
    # Functions of the core that only this test calls.
    count, lists = kernels.lib.splat_intersections, kernels.lib.splat_lists
    count.argtypes, count.restype = [c_void_p], c_int64
    lists.argtypes, lists.restype = [c_void_p] * 3, None
    ids = torch.empty(count(frame.address), dtype=torch.int32)
    tiles = -(-request.width // 16) * -(-request.height // 16)
    offsets = torch.empty(tiles, dtype=torch.int32)
    lists(frame.address, ids.data_ptr(), offsets.data_ptr())
    return ids, offsets


@pytest.mark.parametrize(("count", "width", "height"), [(800, 96, 96), (1500, 200, 130)])
def test_native_lists_are_the_same(make_scene, count, width, height):
    scene = make_scene(count, width, height, background=False)
    meta = rasterize(**scene)[2]
    request = RasterRequest(
        **scene,
        backgrounds=None,
        sh_degree=None,
        near_plane=0.01,
        far_plane=1e10,
        radius_clip=0.0,
        eps2d=0.3,
        render_mode="RGB",
        antialiased=False,
        absgrad=False,
    )
    ids, offsets = native_lists(request, load_kernels())
    assert torch.equal(ids, meta["flatten_ids"])
    assert torch.equal(offsets, meta["isect_offsets"].flatten())
