"""Make `tiles.npz`: projections and the lists that gsplat 1.5.3's torch helpers give for them.

    python tests/methods/gaussians/golden/make_tiles.py

Needs gsplat 1.5.3 (no GPU).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from gsplat.cuda._torch_impl import _eval_sh_bases_fast, _isect_offset_encode, _isect_tiles

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[3]), str(HERE.parent)]

from conftest import _scene  # noqa: E402

from methods.gaussians.rasterize import rasterize  # noqa: E402


def main() -> None:
    out: dict[str, np.ndarray] = {}
    for name, count, width, height, cameras in (("a", 800, 96, 96, 1), ("b", 700, 200, 130, 2)):
        scene = _scene(count, width, height, cameras=cameras, seed=11)
        meta = rasterize(**scene, backend="reference")[2]
        across, down = meta["tile_width"], meta["tile_height"]
        projection = (meta["means2d"], meta["radii"], meta["depths"])
        per_gaussian, keys, ids = _isect_tiles(*projection, 16, across, down)
        offsets = _isect_offset_encode(keys, cameras, across, down)
        values = (*projection, per_gaussian, keys, ids, offsets)
        fields = ("means2d", "radii", "depths", "per_gaussian", "keys", "ids", "offsets")
        out |= {f"{name}_{f}": v.numpy() for f, v in zip(fields, values, strict=True)}
        out[f"{name}_size"] = np.array([width, height])
    g = torch.Generator().manual_seed(0)
    directions = torch.nn.functional.normalize(
        torch.randn(50, 3, generator=g, dtype=torch.float64), dim=-1
    )
    out["directions"] = directions.numpy()
    out["bases"] = _eval_sh_bases_fast(16, directions).numpy()
    np.savez_compressed(HERE / "tiles.npz", **out)


if __name__ == "__main__":
    main()
