import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.expression.content import (
    ContentModel,
    content_inputs,
    fit_content,
)

CONFIG = PriorConfig(content="own")


@pytest.fixture(scope="module")
def data() -> tuple[tuple[torch.Tensor, ...], torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    inputs = torch.randn(120, 5, generator=rng)
    target = torch.sin(inputs @ torch.randn(5, 64, generator=rng))
    return inputs.split((2, 3), 1), target, torch.arange(120) // 10 % 3


@pytest.mark.parametrize("config", [CONFIG, PriorConfig()])
def test_equals_kernel_ridge_regression_in_its_textbook_form(data, config):
    blocks, target, assigned = data
    own = config.content == "own"
    if own:
        blocks = (torch.cat(blocks, 1),)
    model = fit_content(blocks, target, assigned, [[0, 2]], config, not own)
    ridge, slope = (config.own_ridge, 0) if own else (config.expert_ridge, config.expert_linear)
    kernel = 0
    for block, bandwidth in zip(blocks, model.bandwidths, strict=True):
        x = ((block - block.mean(0)) / block.std(0)).double().numpy()
        distance = ((x[:, None] - x[None]) ** 2).sum(2)
        assert float(bandwidth) == pytest.approx(np.median(distance[::2, 1::2]), rel=0.02)
        kernel = kernel + np.exp(-distance / float(bandwidth))
        # What the expert says comes first, and alone has a linear part.
        kernel = kernel + slope**2 * x @ x.T
        slope = 0
    seen = (assigned != 1).numpy()
    y = target.double().numpy()[seen]
    k = kernel[np.ix_(seen, seen)]
    # With an unpenalised level, as in ridge regression on centred features.
    n = len(y)
    system = np.block(
        [
            [k + ridge * np.eye(n), np.ones((n, 1))],
            [np.ones((1, n)), np.zeros((1, 1))],
        ]
    )
    solved = np.linalg.solve(system, np.vstack([y, np.zeros((1, 64))]))
    expected = kernel[:, seen] @ solved[:n] + solved[n]
    np.testing.assert_allclose(model(blocks)[0].numpy(), expected, atol=2e-4)


def test_fewer_landmarks_than_frames_still_predict(data):
    blocks, target, assigned = data
    few = PriorConfig.of({"content_landmarks": 60})
    model = fit_content(blocks, target, assigned, [[0, 1, 2]], few, True)
    assert model.landmarks.shape == (60, 5)
    assert float(((model(blocks)[0] - target) ** 2).mean() / target.var()) < 0.7


def test_the_sound_itself_stands_beside_what_the_expert_says():
    audio = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    sizes = {
        name: [block.shape for block in content_inputs(audio, 25.0, 20, config)]
        for name, config in {
            "own": CONFIG,
            "synthetic": PriorConfig(expert="synthetic"),
            "speech": PriorConfig(expert="speech"),
        }.items()
    }
    assert sizes == {
        "own": [(20, 180)],
        "synthetic": [(20, 72), (20, 180)],
        "speech": [(20, 36), (20, 180)],
    }
    with pytest.raises(BadInput, match="'nobody' is unknown"):
        content_inputs(audio, 25.0, 20, PriorConfig(expert="nobody"))


def test_round_trip(data):
    blocks, target, assigned = data
    model = fit_content(blocks, target, assigned, [[0], [1, 2]], PriorConfig(), True)
    again = ContentModel.restore(model.state(), torch.device("cpu"))
    torch.testing.assert_close(again(blocks), model(blocks), rtol=0, atol=0)
