"""The native core as three differentiable functions: project, colour, render.

They are cut where gsplat cuts, so that `means2d` is a node of the graph and densification
can read its gradient. A frame of the core, shared by the first and the last, carries what
need not be a tensor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.gaussians.native import kernels as abi
from methods.gaussians.request import RasterRequest

Addresses = list[int | None]


@dataclass
class RenderJob:
    """Everything about a call that is not a tensor of the graph."""

    request: RasterRequest
    kernels: abi.Kernels
    threads: int
    keep: bool  # a backward pass may follow
    frames: list[abi.FrameHandle] = field(default_factory=list)

    def own(self, image: int, *tensors: Tensor | None) -> Addresses:
        """Addresses of what belongs to one image, in contiguous tensors [..., C, ...]."""
        return [_part(tensor, image, self.request.images) for tensor in tensors]

    def shared(self, image: int, *tensors: Tensor | None) -> Addresses:
        """The same for tensors without a camera's axis, of which all cameras share a part."""
        cameras = self.request.cameras
        parts = self.request.images // cameras
        return [_part(tensor, image // cameras, parts) for tensor in tensors]

    def camera(self, viewmats: Tensor, Ks: Tensor, image: int) -> abi.CameraStruct:
        """C struct of one image's camera."""
        r = self.request
        return abi.CameraStruct(
            *self.own(image, viewmats, Ks),
            r.width,
            r.height,
            r.near_plane,
            r.far_plane,
            r.radius_clip,
            r.eps2d,
            r.antialiased,
        )


def _part(tensor: Tensor | None, index: int, parts: int) -> int | None:
    """Address of one of the equal parts of a contiguous tensor."""
    if tensor is None:
        return None
    return tensor.data_ptr() + index * (tensor.numel() // parts) * tensor.element_size()


def _contiguous(grad: Tensor | None) -> Tensor | None:
    return None if grad is None else grad.contiguous()


class Project(torch.autograd.Function):
    """World to image: radii, means2d, depths, conics and, when antialiased, compensations."""

    @staticmethod
    def forward(
        ctx: Any,
        means: Tensor,
        quats: Tensor,
        scales: Tensor,
        opacities: Tensor,
        viewmats: Tensor,
        Ks: Tensor,
        job: RenderJob,
    ) -> tuple[Tensor | None, ...]:
        """Fill one frame per image and return what gsplat's projection returns."""
        r = job.request
        shape = (*r.batch, r.cameras, r.count)
        radii = torch.empty(*shape, 2, dtype=torch.int32)
        means2d, conics = means.new_empty(*shape, 2), means.new_empty(*shape, 3)
        depths = means.new_empty(shape)
        compensations = means.new_empty(shape) if r.antialiased else None
        for image in range(r.images):
            frame = abi.FrameHandle(job.kernels)
            job.frames.append(frame)
            job.kernels.call(
                "splat_project",
                frame.address,
                job.camera(viewmats, Ks, image),
                abi.THRESHOLDS_STRUCT,
                abi.GaussiansStruct(r.count, *job.shared(image, means, quats, scales, opacities)),
                abi.Projection(*job.own(image, radii, means2d, depths, conics, compensations)),
                job.threads,
            )
        if job.keep:
            ctx.save_for_backward(means, quats, scales, viewmats, Ks, radii, conics, compensations)
            ctx.job = job
            ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(radii)
        return radii, means2d, depths, conics, compensations

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        """Add up every image's gradients."""
        means, quats, scales, viewmats, Ks, radii, conics, compensations = ctx.saved_tensors
        job = ctx.job
        v_outputs = [_contiguous(gradient) for gradient in gradients[1:]]
        v_means, v_quats, v_scales = (torch.zeros_like(t) for t in (means, quats, scales))
        v_views = None
        if ctx.needs_input_grad[4]:
            v_views = torch.zeros(viewmats.shape, dtype=torch.float64)
        for image in range(job.request.images):
            job.kernels.call(
                "splat_project_backward",
                job.camera(viewmats, Ks, image),
                abi.THRESHOLDS_STRUCT,
                abi.GaussiansStruct(
                    job.request.count, *job.shared(image, means, quats, scales, None)
                ),
                abi.Projection(*job.own(image, radii, None, None, conics, compensations)),
                abi.ProjectionGradients(
                    *job.own(image, *v_outputs),
                    *job.shared(image, v_means, v_quats, v_scales),
                    *job.own(image, v_views),
                ),
                job.threads,
            )
        v_views = None if v_views is None else v_views.to(viewmats.dtype)
        return v_means, v_quats, v_scales, None, v_views, None, None


class Harmonics(torch.autograd.Function):
    """Spherical harmonics of the directions to the visible Gaussians, [..., C, N, 3]."""

    @staticmethod
    def forward(
        ctx: Any,
        means: Tensor,
        centres: Tensor,
        coefficients: Tensor,
        radii: Tensor,
        job: RenderJob,
    ) -> Tensor:
        """Evaluate; culled Gaussians give 0."""
        colors = means.new_empty(*radii.shape[:-1], 3)
        for image in range(job.request.images):
            job.kernels.call(
                "splat_harmonics",
                _harmonics(job, image, means, centres, coefficients, radii),
                *job.own(image, colors),
                job.threads,
            )
        if job.keep:
            ctx.save_for_backward(means, centres, coefficients, radii)
            ctx.job = job
        return colors

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, v_colors: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the means, of the camera's centres and of the coefficients."""
        means, centres, coefficients, radii = ctx.saved_tensors
        job, n = ctx.job, ctx.job.request.count
        v_colors = v_colors.contiguous()
        v_means, v_coefficients = torch.zeros_like(means), torch.zeros_like(coefficients)
        v_centres = torch.zeros_like(centres) if ctx.needs_input_grad[1] else None
        for image in range(job.request.images):
            own = v_means.view(-1, n, 3)[image // job.request.cameras]
            if v_centres is not None:
                own = torch.zeros_like(own)
            job.kernels.call(
                "splat_harmonics_backward",
                _harmonics(job, image, means, centres, coefficients, radii),
                *job.own(image, v_colors),
                own.data_ptr(),
                *_coefficients(job, image, v_coefficients),
                job.threads,
            )
            if v_centres is not None:
                # Directions are means minus centre: what the means gain, the centre loses.
                v_centres.view(-1, 3)[image] = -own.sum(0)
                v_means.view(-1, n, 3)[image // job.request.cameras] += own
        return v_means, v_centres, v_coefficients, None, None


def _harmonics(
    job: RenderJob, image: int, means: Tensor, centres: Tensor, coefficients: Tensor, radii: Tensor
) -> abi.HarmonicsStruct:
    return abi.HarmonicsStruct(
        job.request.count,
        coefficients.shape[-2],
        job.request.sh_degree,
        *job.shared(image, means),
        *job.own(image, centres),
        *_coefficients(job, image, coefficients),
        *job.own(image, radii),
    )


def _coefficients(job: RenderJob, image: int, coefficients: Tensor) -> Addresses:
    addresses = job.own if job.request.colors_per_camera else job.shared
    return addresses(image, coefficients)


class Render(torch.autograd.Function):
    """Sort, bin and blend: colours [..., C, H, W, D] and alphas [..., C, H, W, 1]."""

    @staticmethod
    def forward(
        ctx: Any,
        means2d: Tensor,
        conics: Tensor,
        depths: Tensor,
        opacities: Tensor,
        colors: Tensor | None,
        backgrounds: Tensor | None,
        job: RenderJob,
    ) -> tuple[Tensor, Tensor]:
        """Blend the frames that `Project` filled; `opacities` are known to them already."""
        r = job.request
        d = 0 if colors is None else colors.shape[-1]
        per_camera = colors is not None and colors.dim() > len(r.batch) + 2
        shape = (*r.batch, r.cameras, r.height, r.width)
        pixels = means2d.new_empty(*shape, d + r.with_depth)
        alphas = means2d.new_empty(*shape, 1)
        for image in range(r.images):
            arguments = abi.Image(
                *(job.own if per_camera else job.shared)(image, colors),
                *job.own(image, depths),
                d,
                r.with_depth,
                *job.own(image, backgrounds, pixels, alphas),
                job.keep,
            )
            job.kernels.call("splat_render", job.frames[image].address, arguments, job.threads)
        if job.keep:
            ctx.save_for_backward(means2d, conics, backgrounds, alphas)
            ctx.job, ctx.color_channels, ctx.per_camera = job, d, per_camera
            ctx.set_materialize_grads(False)
        return pixels, alphas

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, v_pixels: Tensor | None, v_alphas: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        """Gradients of every image; those of shared colours are added up."""
        means2d, conics, backgrounds, alphas = ctx.saved_tensors
        job, r, d = ctx.job, ctx.job.request, ctx.color_channels
        if v_pixels is None:
            v_pixels = means2d.new_zeros(*alphas.shape[:-1], d + r.with_depth)
        v_pixels, v_alphas = v_pixels.contiguous(), _contiguous(v_alphas)
        v_means2d, v_conics = torch.empty_like(means2d), torch.empty_like(conics)
        v_opacities = means2d.new_empty(means2d.shape[:-1])
        v_depths = torch.empty_like(v_opacities) if r.with_depth else None
        v_abs = torch.empty_like(means2d) if r.absgrad else None
        v_colors = means2d.new_empty(*means2d.shape[:-1], d) if d else None
        given = (v_pixels, v_alphas, backgrounds, conics)
        wanted = (v_means2d, v_abs, v_conics, v_opacities, v_colors, v_depths)
        for image in range(r.images):
            grads = abi.ImageGradients(*job.own(image, *given, *wanted), d)
            job.kernels.call("splat_render_backward", job.frames[image].address, grads, job.threads)
        if v_abs is not None:
            means2d.absgrad = v_abs
        if v_colors is not None and not ctx.per_camera:
            v_colors = v_colors.squeeze(-3) if r.cameras == 1 else v_colors.sum(-3)
        v_backgrounds = None
        if ctx.needs_input_grad[5]:
            v_backgrounds = (v_pixels * (1.0 - alphas)).sum((-3, -2))
        return v_means2d, v_conics, v_depths, v_opacities, v_colors, v_backgrounds, None
