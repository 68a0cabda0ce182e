import pytest
import torch

from methods.ua3dtalk.field.fusion.ensemble import ModalityEnsemble, ModalityInput

G, K, P, H, D, T, N = 5, 4, 3, 7, 6, 4, 11


@pytest.fixture
def ensemble():
    torch.manual_seed(0)
    return ModalityEnsemble(G, K, P, H, D, T, with_variance=True).double()


@pytest.fixture
def modality():
    return ModalityInput(
        torch.randn(G, N).double(), torch.randn(G).double(), torch.randn(K).double()
    )


def one_member(ensemble, t, modality, position):
    """The member as it is published: one network on the concatenated input of each Gaussian."""
    first, second = torch.nn.Linear(G + K + P, H).double(), torch.nn.Linear(H, 2 * D).double()
    with torch.no_grad():
        first.weight.copy_(ensemble.weight_in[t]), first.bias.copy_(ensemble.bias_in[t])
        second.weight.copy_(ensemble.weight_out[t]), second.bias.copy_(ensemble.bias_out[t])
    gated = (modality.gated * modality.gain[:, None]).t()
    inputs = torch.cat([gated, modality.constant.expand(N, K), position.t()], dim=1)
    return second(torch.relu(first(inputs))).t()


def test_members_equal_separate_networks(ensemble, modality):
    position = torch.randn(P, N).double()
    found = ensemble(ensemble.position_part(position), modality)
    assert found.shape == (T, 2 * D, N)
    for t in range(T):
        torch.testing.assert_close(found[t], one_member(ensemble, t, modality, position))


def test_a_drawn_member_is_evaluated_alone(ensemble, modality):
    position = torch.randn(P, N).double()
    members = slice(2, 3)
    found = ensemble(ensemble.position_part(position, members), modality, members)
    torch.testing.assert_close(found[0], one_member(ensemble, 2, modality, position))
    found.sum().backward()
    assert ensemble.weight_in.grad[2].abs().sum() > 0
    assert ensemble.weight_in.grad[[0, 1, 3]].abs().sum() == 0


def test_drawing_is_reproducible_and_reaches_every_member(ensemble):
    def draws(seed):
        generator = torch.Generator().manual_seed(seed)
        return [ensemble.draw(generator).start for _ in range(60)]

    assert draws(3) == draws(3)
    assert draws(3) != draws(4)
    assert set(draws(3)) == set(range(T))


def test_members_start_different(ensemble):
    for t in range(1, T):
        assert not torch.allclose(ensemble.weight_in[0], ensemble.weight_in[t])


def test_starts_as_linear_layers_do():
    torch.manual_seed(1)
    ensemble = ModalityEnsemble(38, 0, 64, 64, 48, 10, with_variance=True)
    linear = torch.nn.Linear(102, 64)
    assert ensemble.weight_in.abs().max() <= 102**-0.5
    assert abs(ensemble.weight_in.std() / linear.weight.std() - 1) < 0.05
    assert ensemble.weight_out.abs().max() <= 64**-0.5
    assert ensemble.weight_out.shape == (10, 96, 64)


def test_without_variance_there_is_no_variance_head():
    ensemble = ModalityEnsemble(G, 0, 0, H, D, 1, with_variance=False)
    found = ensemble(ensemble.position_part(None), ModalityInput(torch.randn(G, N), torch.randn(G)))
    assert found.shape == (1, D, N)


def test_evaluation_leaves_its_base_untouched(ensemble, modality):
    base = ensemble.position_part(torch.randn(P, N).double()).detach()
    before = base.clone()
    ensemble(base, modality)
    assert torch.equal(base, before)
