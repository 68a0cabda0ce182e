"""The low-rank fusion against explicit inverses and autograd, in torch and in the kernel."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fusion import published_fusion
from methods.gaussians.native import library
from methods.ua3dtalk.field import native
from methods.ua3dtalk.field.fusion.precision import (
    JITTER,
    LOG_VARIANCE_BOUND,
    TorchPrecisionFusion,
    fuse_with,
    precision_fusion,
)
from methods.ua3dtalk.field.native import NativePrecisionFusion


def random_modalities(V, T, D, N, seed=0, log_spread=0.5):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.cat(
            [
                torch.randn(T, D, N, generator=generator, dtype=torch.float64) * 0.3,
                torch.randn(T, D, N, generator=generator, dtype=torch.float64) * log_spread,
            ],
            dim=1,
        )
        for _ in range(V)
    ]


def torch_fusion(*modalities):
    return fuse_with(TorchPrecisionFusion, modalities)


def native_fusion(*modalities):
    return fuse_with(NativePrecisionFusion, modalities)


def value_and_gradients(fusion, modalities, seed=1):
    modalities = [modality.clone().requires_grad_() for modality in modalities]
    fused = fusion(*modalities)
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(fused.shape, generator=generator, dtype=torch.float64).to(fused.dtype)
    return [fused.detach(), *torch.autograd.grad(fused, modalities, weights)]


def largest_error(found, truth):
    return max(
        ((a.double() - b.double()).norm() / b.double().norm()).item()
        for a, b in zip(found, truth, strict=True)
    )


def by_hand(modalities):
    """One Gaussian at a time in numpy, from the definition of a covariance."""
    V, (T, channels, N) = len(modalities), modalities[0].shape
    D, fused = channels // 2, np.empty((channels // 2, N))
    for n in range(N):
        total, weighted = np.zeros((D, D)), np.zeros(D)
        for v in range(V):
            members, logs = modalities[v][:, :D, n].numpy(), modalities[v][:, D:, n].numpy()
            covariance = np.cov(members, rowvar=False, ddof=1).reshape(D, D)
            covariance = covariance + np.diag(np.exp(logs).mean(0) + JITTER)
            total += np.linalg.inv(covariance)
            weighted += np.linalg.solve(covariance, members.mean(0))
        fused[:, n] = np.linalg.solve(total, weighted)
    assert T > 1
    return fused


sizes = pytest.mark.parametrize(
    ("V", "T", "D", "N"),
    [(4, 10, 48, 37), (3, 10, 48, 16), (4, 4, 16, 33), (1, 2, 1, 3), (2, 2, 5, 17), (3, 7, 6, 50)],
)


@sizes
def test_torch_form_equals_published_form(V, T, D, N):
    modalities = random_modalities(V, T, D, N)
    truth = value_and_gradients(lambda *v: published_fusion(v), modalities)
    assert largest_error(value_and_gradients(torch_fusion, modalities), truth) < 1e-10


def test_published_form_equals_definition():
    modalities = random_modalities(3, 4, 5, 6)
    np.testing.assert_allclose(
        published_fusion(modalities).numpy(), by_hand(modalities), rtol=1e-10
    )


def test_gradient_equals_finite_differences():
    modalities = [modality.requires_grad_() for modality in random_modalities(2, 3, 4, 2)]
    assert torch.autograd.gradcheck(precision_fusion_of, tuple(modalities))


def precision_fusion_of(*modalities):
    return precision_fusion(modalities)


@sizes
def test_kernel_equals_float64(V, T, D, N):
    modalities = random_modalities(V, T, D, N)
    truth = value_and_gradients(torch_fusion, modalities)
    ours = value_and_gradients(native_fusion, [modality.float() for modality in modalities])
    assert largest_error(ours, truth) < 1e-5


@pytest.mark.parametrize("isa", library.supported_isas())
def test_kernel_of_every_instruction_set(isa, monkeypatch):
    core = native.declare(library.load_isa(isa))
    monkeypatch.setattr(native, "native_core", lambda: core)
    modalities = random_modalities(4, 4, 7, 45)
    truth = value_and_gradients(torch_fusion, modalities)
    ours = value_and_gradients(native_fusion, [modality.float() for modality in modalities])
    assert largest_error(ours, truth) < 1e-5


@settings(max_examples=60, deadline=None)
@given(
    V=st.integers(1, 4),
    T=st.integers(2, 7),
    D=st.integers(1, 10),
    N=st.integers(1, 40),
    seed=st.integers(0, 2**31),
    log_spread=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_any_size(V, T, D, N, seed, log_spread):
    modalities = random_modalities(V, T, D, N, seed, log_spread)
    truth = value_and_gradients(lambda *v: published_fusion(v), modalities)
    assert largest_error(value_and_gradients(torch_fusion, modalities), truth) < 1e-9
    ours = value_and_gradients(native_fusion, [modality.float() for modality in modalities])
    assert largest_error(ours, truth) < 1e-4


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(4)), native=st.booleans())
def test_order_of_views_does_not_matter(order, native):
    modalities = random_modalities(4, 3, 6, 20)
    if native:
        modalities = [modality.float() for modality in modalities]
    torch.testing.assert_close(
        precision_fusion([modalities[i] for i in order]), precision_fusion(modalities)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_view_is_its_mean(dtype):
    (modality,) = random_modalities(1, 5, 8, 19)
    fused = precision_fusion([modality.to(dtype)])
    torch.testing.assert_close(fused, modality[:, :8].mean(0).to(dtype), rtol=1e-4, atol=1e-5)


def test_order_of_members_does_not_matter():
    modalities = random_modalities(2, 5, 4, 9)
    torch.testing.assert_close(
        precision_fusion([v.flip(0) for v in modalities]), precision_fusion(modalities)
    )


def test_surer_view_wins():
    modalities = random_modalities(2, 4, 3, 5)
    modalities[0][:, 3:], modalities[1][:, 3:] = -7.0, 7.0
    modalities[0][:, :3] = modalities[0][:1, :3]  # its members agree
    assert torch.allclose(precision_fusion(modalities), modalities[0][0, :3], atol=1e-2)


@pytest.mark.parametrize("fusion", [torch_fusion, native_fusion])
def test_log_variances_are_clamped(fusion):
    modalities = random_modalities(2, 3, 4, 20, log_spread=8.0)
    outside = [modality[:, 4:].abs() > LOG_VARIANCE_BOUND for modality in modalities]
    assert any(mask.any() for mask in outside)
    dtype = torch.float32 if fusion is native_fusion else torch.float64
    modalities = [modality.to(dtype).requires_grad_() for modality in modalities]
    bounded = [
        torch.cat([v[:, :4], v[:, 4:].clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)], 1)
        for v in modalities
    ]
    torch.testing.assert_close(fusion(*modalities), fusion(*bounded))
    for gradient, mask in zip(
        torch.autograd.grad(fusion(*modalities).sum(), modalities), outside, strict=True
    ):
        assert (gradient[:, 4:][mask] == 0).all()
        assert (gradient[:, 4:][~mask] != 0).all()


@pytest.mark.parametrize("fusion", [torch_fusion, native_fusion])
@pytest.mark.parametrize("at", [-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND])
def test_gradient_on_the_bound_is_that_of_torch_clamp(fusion, at):
    modalities = random_modalities(2, 3, 4, 16)
    for modality in modalities:
        modality[:, 4:] = at
    truth = value_and_gradients(lambda *v: published_fusion(v), modalities)
    assert truth[1][:, 4:].abs().max() > 0
    dtype = torch.float32 if fusion is native_fusion else torch.float64
    found = value_and_gradients(fusion, [modality.to(dtype) for modality in modalities])
    assert largest_error(found, truth) < 1e-4


def test_kernel_is_the_same_whatever_the_threads():
    modalities = [modality.float() for modality in random_modalities(4, 4, 16, 203)]
    threads, results = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(value_and_gradients(native_fusion, modalities))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_kernel_takes_strided_views():
    modalities = [modality.float() for modality in random_modalities(2, 3, 4, 40)]
    strided = [modality.permute(2, 0, 1).contiguous().permute(1, 2, 0) for modality in modalities]
    assert torch.equal(native_fusion(*strided), native_fusion(*modalities))


def test_a_nan_stays_in_its_gaussian():
    modalities = [modality.float() for modality in random_modalities(3, 4, 6, 40)]
    clean = precision_fusion(modalities)
    modalities[1][2, 9, 17] = torch.nan
    fused = precision_fusion(modalities)
    assert fused[:, 17].isnan().any()
    others = torch.arange(40) != 17
    assert torch.equal(fused[:, others], clean[:, others])


def test_without_the_native_core_torch_takes_over(monkeypatch):
    modalities = [modality.float() for modality in random_modalities(2, 3, 4, 10)]
    expected = precision_fusion(modalities)
    monkeypatch.setattr(native, "native_core", lambda: None)
    torch.testing.assert_close(precision_fusion(modalities), expected)


def test_the_native_core_is_there():
    assert native.native_core() is not None


def test_refuses_views_that_do_not_match():
    one, other = random_modalities(1, 3, 4, 10)[0], random_modalities(1, 3, 4, 11)[0]
    with pytest.raises(ValueError, match=r"\(3, 8, 10\), \(3, 8, 11\)"):
        precision_fusion([one, other])
    with pytest.raises(ValueError, match="T must be at least 2"):
        precision_fusion([one[:1]])


class TestStrongDisagreement:
    """Members far apart against their variances: most of float32's digits cancel."""

    forms = pytest.mark.parametrize("fusion", [torch_fusion, native_fusion])
    scales = pytest.mark.parametrize("scale", [100.0, 1000.0])
    shapes = pytest.mark.parametrize("T", [2, 3, 10])

    @staticmethod
    def modalities(V, T, D, scale, at, N=33):
        modalities = random_modalities(V, T, D, N, seed=T * D + V)
        for number, modality in enumerate(modalities):
            modality[:, :D] *= scale
            modality[:, D:] = at if at else (8.0 if number % 2 else -8.0)
        return modalities

    @forms
    @scales
    @shapes
    @pytest.mark.parametrize("D", [6, 16, 48])
    @pytest.mark.parametrize("V", [3, 4])
    @pytest.mark.parametrize("at", [-8.0, 8.0, None])
    def test_finite(self, fusion, scale, T, D, V, at):
        modalities = [modality.float() for modality in self.modalities(V, T, D, scale, at)]
        for found in value_and_gradients(fusion, modalities):
            assert found.isfinite().all()

    @forms
    @scales
    @pytest.mark.parametrize("V", [3, 4])
    @pytest.mark.parametrize("at", [-8.0, 8.0])
    def test_exact_where_the_covariances_are_well_conditioned(self, fusion, scale, V, at):
        T, D = 10, 6
        modalities = [
            modality.float().double() for modality in self.modalities(V, T, D, scale, at, N=120)
        ]
        worst = torch.zeros(120, dtype=torch.float64)
        for modality in modalities:
            members = modality[:, :D].permute(2, 0, 1) - modality[:, :D].mean(0).t()[:, None]
            covariance = members.transpose(1, 2) @ members / (T - 1)
            covariance += torch.diag_embed(modality[:, D:].exp().mean(0).t() + JITTER)
            worst = torch.maximum(worst, torch.linalg.cond(covariance))
        chosen = (worst < 50).nonzero()[:, 0]
        assert len(chosen) > 5
        modalities = [modality[:, :, chosen] for modality in modalities]
        truth = value_and_gradients(lambda *v: published_fusion(v), modalities)
        found = value_and_gradients(fusion, [modality.float() for modality in modalities])
        assert largest_error([found[0]], [truth[0]]) < 1e-5
        for ours, exact in zip(found[1:], truth[1:], strict=True):
            assert largest_error([ours[:, :D]], [exact[:, :D]]) < 1e-5
            assert largest_error([ours[:, D:]], [exact[:, D:]]) < 1e-5

    @forms
    def test_one_member_far_off(self, fusion):
        modalities = [modality.float().double() for modality in random_modalities(3, 4, 16, 20)]
        modalities[0][1, :16] += 3000.0
        truth = value_and_gradients(lambda *v: published_fusion(v), modalities)
        found = value_and_gradients(fusion, [modality.float() for modality in modalities])
        assert largest_error(found[:1], truth[:1]) < 1e-4

    @forms
    def test_the_others_are_untouched(self, fusion):
        plain = [modality.float() for modality in random_modalities(3, 10, 6, 40)]
        mixed = [modality.clone() for modality in plain]
        for modality in mixed:
            modality[:, :6, 7] *= 1000.0
            modality[:, 6:, 7] = -8.0
        others = torch.arange(40) != 7
        clean, found = fusion(*plain), fusion(*mixed)
        torch.testing.assert_close(found[:, others], clean[:, others])

    def test_a_float64_pivot_lost_to_rounding_is_floored(self):
        modalities = self.modalities(3, 10, 6, 1e8, -8.0)
        for found in value_and_gradients(torch_fusion, modalities):
            assert found.isfinite().all()
