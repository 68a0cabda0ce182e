"""Which Gaussians touch which 16x16 tile, in gsplat's encoding, with plain torch.

Used by the reference renderer and for the lists in meta. The native core makes the same
lists by another road; tests hold both to gsplat's helpers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from methods.gaussians.request import TILE_SIZE


def tile_lists(
    means2d: Tensor, radii: Tensor, depths: Tensor, width: int, height: int
) -> dict[str, Tensor]:
    """Intersect boxes with tiles and sort by image, tile and depth (ties by index).

    Args:
        means2d: [..., C, N, 2], pixels.
        radii: [..., C, N, 2] int32, half-sides of the boxes in pixels, 0 when culled.
        depths: [..., C, N].
        width: of the image, pixels.
        height: of the image, pixels.

    Returns:
        gsplat's entries of meta: `tiles_per_gauss` [..., C, N] int32, `isect_ids` [M] int64
        (image, tile and the bits of the float32 depth), `flatten_ids` [M] int32
        (image * N + Gaussian) and `isect_offsets` [..., C, tile_height, tile_width] int32.

    Source: gsplat 1.5.3, csrc/IntersectTile.cu.

    """
    across, down = math.ceil(width / TILE_SIZE), math.ceil(height / TILE_SIZE)
    shape = radii.shape[:-1]
    center = means2d.detach().reshape(-1, 2).float()
    radius = radii.reshape(-1, 2).float()
    limit = torch.tensor([across, down], device=center.device)
    low = torch.floor((center - radius) / TILE_SIZE).clamp_min(0).minimum(limit).long()
    high = torch.ceil((center + radius) / TILE_SIZE).clamp_min(0).minimum(limit).long()
    visible = (radius > 0).all(-1)
    spans = torch.where(visible[:, None], high - low, 0)
    per_gaussian = spans.prod(-1)

    row = torch.repeat_interleave(per_gaussian)  # index into images * N
    step = torch.arange(len(row), device=row.device)
    step = step - torch.repeat_interleave(per_gaussian.cumsum(0) - per_gaussian, per_gaussian)
    tile_x = low[row, 0] + step % spans[row, 0].clamp_min(1)
    tile_y = low[row, 1] + step // spans[row, 0].clamp_min(1)
    image = row // max(1, shape[-1])
    tiles, images = across * down, math.prod(shape[:-1])

    depth_bits = depths.detach().reshape(-1).float().contiguous().view(torch.int32).long()
    tile_bits = tiles.bit_length()
    keys = ((image << tile_bits) | (tile_y * across + tile_x)) << 32 | depth_bits[row]
    keys, order = torch.sort(keys, stable=True)
    counts = torch.bincount(image * tiles + tile_y * across + tile_x, minlength=images * tiles)
    return {
        "tiles_per_gauss": per_gaussian.reshape(shape).int(),
        "isect_ids": keys,
        "flatten_ids": row[order].int(),
        "isect_offsets": (counts.cumsum(0) - counts).reshape(*shape[:-1], down, across).int(),
    }


class Meta(dict):
    """What `rasterize` knows besides the image; the tile lists are made when first read.

    Training never reads them, and they would cost a tenth of a frame.
    """

    _LISTS = ("tiles_per_gauss", "isect_ids", "flatten_ids", "isect_offsets")

    def __missing__(self, key: str) -> Tensor:
        if key not in self._LISTS:
            raise KeyError(key)
        self.update(
            tile_lists(
                self["means2d"], self["radii"], self["depths"], self["width"], self["height"]
            )
        )
        return self[key]
