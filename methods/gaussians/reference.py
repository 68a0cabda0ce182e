"""The rendering equation written out in torch: slow, differentiable, of any float type.

It is the oracle of the tests and what runs where the native core cannot be built. Every
formula stands as in the papers: B. Kerbl et al., "3D Gaussian Splatting", 2023; M. Zwicker
et al., "EWA Splatting", 2002; with the limits of `THRESHOLDS`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from methods.gaussians import spherical_harmonics
from methods.gaussians.request import THRESHOLDS, TILE_SIZE, RasterRequest
from methods.gaussians.tiles import tile_lists


def rotation_matrices(quats: Tensor) -> Tensor:
    """Turn quaternions [..., 4] (wxyz, any length) into rotations [..., 3, 3]."""
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def project(r: RasterRequest) -> dict[str, Tensor]:
    """Project every Gaussian into every camera.

    Returns:
        `radii` [..., C, N, 2] int32, `means2d` [..., C, N, 2], `depths` [..., C, N], `conics`
        [..., C, N, 3] and, when antialiased, `compensations` [..., C, N].

    """
    axes = rotation_matrices(r.quats) * r.scales[..., None, :]
    covariance = (axes @ axes.mT).unsqueeze(-4)  # [..., 1, N, 3, 3]
    rotation = r.viewmats[..., :3, :3].unsqueeze(-3)  # [..., C, 1, 3, 3]
    translation = r.viewmats[..., :3, 3].unsqueeze(-2)
    center = (rotation @ r.means[..., None, :, :, None]).squeeze(-1) + translation
    x, y, depth = center.unbind(-1)  # [..., C, N]
    in_range = (depth >= r.near_plane) & (depth <= r.far_plane)
    z = torch.where(in_range, depth, torch.ones_like(depth))

    fx, fy = r.Ks[..., 0, 0, None], r.Ks[..., 1, 1, None]
    cx, cy = r.Ks[..., 0, 2, None], r.Ks[..., 1, 2, None]
    clamped_x = z * _clamp_slope(x / z, r.width, fx, cx)
    clamped_y = z * _clamp_slope(y / z, r.height, fy, cy)
    nil = torch.zeros_like(z)
    jacobian = torch.stack(
        [
            torch.stack([fx / z, nil, -fx * clamped_x / z**2], -1),
            torch.stack([nil, fy / z, -fy * clamped_y / z**2], -1),
        ],
        -2,
    )
    chain = jacobian @ rotation
    cov2d = chain @ covariance @ chain.mT
    xx, xy, yy = cov2d[..., 0, 0], cov2d[..., 0, 1], cov2d[..., 1, 1]
    plain = xx * yy - xy * xy
    xx, yy = xx + r.eps2d, yy + r.eps2d
    determinant = xx * yy - xy * xy
    compensations = torch.sqrt((plain / determinant).clamp_min(0)) if r.antialiased else None
    means2d = torch.stack([fx * x / z + cx, fy * y / z + cy], -1)
    conics = torch.stack([yy, -xy, xx], -1) / determinant[..., None]

    with torch.no_grad():
        opacity = r.opacities.unsqueeze(-2).expand_as(depth)
        if compensations is not None:
            opacity = opacity * compensations
        ratio = (opacity / THRESHOLDS.min_alpha).clamp_min(1.0)
        extent = torch.sqrt(2 * torch.log(ratio)).clamp_max(THRESHOLDS.max_extent)
        radius = torch.ceil(extent[..., None] * torch.sqrt(torch.stack([xx, yy], -1)))
        size = torch.tensor([r.width, r.height], dtype=radius.dtype, device=radius.device)
        seen = in_range & (determinant > 0) & (opacity >= THRESHOLDS.min_alpha)
        seen &= (radius > 0).all(-1) & ~(radius <= r.radius_clip).all(-1)
        seen &= ((means2d + radius > 0) & (means2d - radius < size)).all(-1)
        radii = torch.where(seen[..., None], radius.clamp_max(1e9), 0.0).nan_to_num(0.0).int()
    # Culled entries are 0, as in the native core, and pass no gradient on.
    hidden = ~seen
    projected = {
        "radii": radii,
        "means2d": means2d.masked_fill(hidden[..., None], 0.0),
        "depths": depth.masked_fill(hidden, 0.0),
        "conics": conics.masked_fill(hidden[..., None], 0.0),
    }
    if compensations is not None:
        projected["compensations"] = compensations.masked_fill(hidden, 0.0)
    return projected


def _clamp_slope(slope: Tensor, size: int, focal: Tensor, center: Tensor) -> Tensor:
    margin = THRESHOLDS.fov_margin * 0.5 * size / focal
    low, high = -(center / focal + margin), (size - center) / focal + margin
    return torch.minimum(high, torch.maximum(low, slope))


def blend(
    pixels: Tensor, means2d: Tensor, conics: Tensor, opacities: Tensor, channels: Tensor
) -> tuple[Tensor, Tensor]:
    """Blend K Gaussians, nearest first, at P pixel centres.

    Args:
        pixels: [P, 2], in pixels; the first pixel's centre is (0.5, 0.5).
        means2d: [K, 2], in pixels.
        conics: [K, 3], upper triangle of the inverse covariance, 1/pixel^2.
        opacities: [K], 0 to 1.
        channels: [K, D].

    Returns:
        Sums [P, D] and remaining transmittance [P].

    """
    dx, dy = (means2d[:, None, :] - pixels[None]).unbind(-1)  # [K, P]
    a, b, c = (conics[:, i, None] for i in range(3))
    sigma = 0.5 * (a * dx * dx + c * dy * dy) + b * dx * dy
    alpha = torch.clamp_max(opacities[:, None] * torch.exp(-sigma), THRESHOLDS.max_alpha)
    alpha = torch.where((sigma >= 0) & (alpha >= THRESHOLDS.min_alpha), alpha, 0.0)
    with torch.no_grad():
        # Transmittance only falls, so "stopped" stays true along the list.
        going = torch.cumprod(1 - alpha, 0) > THRESHOLDS.min_transmittance
    alpha = torch.where(going, alpha, 0.0)
    after = torch.cumprod(1 - alpha, 0)
    before = torch.cat([torch.ones_like(after[:1]), after[:-1]])
    return (alpha * before).T @ channels, after[-1]


def render(r: RasterRequest) -> tuple[Tensor, Tensor, dict]:
    """Render tile by tile; see `rasterize` for what comes back."""
    projected = project(r)
    radii, depths = projected["radii"], projected["depths"]
    opacities = r.opacities.unsqueeze(-2).expand(*r.batch, r.cameras, r.count)
    if r.antialiased:
        opacities = opacities * projected.pop("compensations")
    channels = _channels(r, radii, depths)
    meta = {**projected, "opacities": opacities}

    lists = tile_lists(projected["means2d"], radii, depths, r.width, r.height)
    down, across = lists["isect_offsets"].shape[-2:]
    tiles = across * down
    starts = [*lists["isect_offsets"].flatten().tolist(), len(lists["flatten_ids"])]
    means2d, conics = projected["means2d"].flatten(0, -2), projected["conics"].flatten(0, -2)
    opacity, values_of = opacities.flatten(), channels.flatten(0, -2)
    colors, alphas = [], []
    for image in range(r.images):
        rows, left = [], []
        for tile in range(tiles):
            ids = lists["flatten_ids"][
                starts[image * tiles + tile] : starts[image * tiles + tile + 1]
            ].long()
            pixels = _pixel_centers(tile % across, tile // across, r.means)
            if len(ids):
                values, rest = blend(
                    pixels, means2d[ids], conics[ids], opacity[ids], values_of[ids]
                )
            else:
                values = pixels.new_zeros(len(pixels), channels.shape[-1])
                rest = pixels.new_ones(len(pixels))
            rows.append(values)
            left.append(rest)
        colors.append(_untile(torch.stack(rows), across, r))
        alphas.append(1 - _untile(torch.stack(left)[..., None], across, r))
    shape = (*r.batch, r.cameras, r.height, r.width)
    color, alpha = torch.stack(colors).reshape(*shape, -1), torch.stack(alphas).reshape(*shape, 1)
    if r.backgrounds is not None and r.with_color:
        background = r.backgrounds
        if r.with_depth:
            background = torch.cat([background, torch.zeros_like(background[..., :1])], -1)
        color = color + (1 - alpha) * background[..., None, None, :]
    return color, alpha, meta


def _channels(r: RasterRequest, radii: Tensor, depths: Tensor) -> Tensor:
    """What is blended, [..., C, N, D]: colours, then depth."""
    parts = []
    if r.with_color:
        colors = r.colors if r.colors_per_camera else r.colors.unsqueeze(len(r.batch))
        if r.sh_degree is not None:
            centers = torch.inverse(r.viewmats)[..., :3, 3]
            directions = r.means.unsqueeze(-3) - centers.unsqueeze(-2)
            colors = spherical_harmonics.evaluate(r.sh_degree, directions, colors)
            colors = torch.clamp_min(colors + 0.5, 0.0)
        parts.append(colors.expand(*depths.shape, -1))
    if r.with_depth:
        parts.append(depths.unsqueeze(-1))
    return torch.cat(parts, -1)


def _pixel_centers(tile_x: int, tile_y: int, like: Tensor) -> Tensor:
    side = torch.arange(TILE_SIZE, dtype=like.dtype, device=like.device) + 0.5
    y, x = torch.meshgrid(side + tile_y * TILE_SIZE, side + tile_x * TILE_SIZE, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], -1)


def _untile(tiles: Tensor, across: int, r: RasterRequest) -> Tensor:
    """Tiles [tiles, 256, D] to an image [H, W, D]."""
    d = tiles.shape[-1]
    grid = tiles.reshape(-1, across, TILE_SIZE, TILE_SIZE, d).permute(0, 2, 1, 3, 4)
    return grid.reshape(-1, across * TILE_SIZE, d)[: r.height, : r.width]
