import numpy as np
import pytest
import torch

from methods.ua3dtalk.priors.config import PriorConfig
from methods.ua3dtalk.priors.expression.extractor import fit_extractor
from methods.ua3dtalk.priors.folds import assign_folds
from methods.ua3dtalk.spans import Spans

FPS, COUNT = 25.0, 160
TINY = {"style_steps": 8, "folds": 3, "style_hidden": 8, "style_widths": [8]}
CONFIG = PriorConfig.of({**TINY, "content": "own"})
CPU = torch.device("cpu")
WHOLE = Spans([COUNT])


def silent(*_args, **_values):
    pass


def sequence(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise of changing loudness, and a target whose first number is that loudness in dB."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(-3, 0, count // 5 + 2)
    times = np.arange(count * 640) / 640 / 5
    level = np.interp(times, np.arange(len(knots)), knots)
    audio = (10**level * 0.1 * rng.standard_normal(len(level))).astype(np.float32)
    target = np.zeros((count, 64), np.float32)
    target[:, 0] = (level[::640] - level.mean()) / level.std()
    target[:, 1] = rng.standard_normal(count)  # nothing that sound could tell
    return audio, target


@pytest.fixture(scope="module")
def fitted():
    audio, target = sequence(0, COUNT)
    torch.manual_seed(0)
    return audio, target, fit_extractor([audio], FPS, WHOLE, target, CONFIG, CPU, silent)


def test_loudness_is_learnt_and_holds_for_new_sound(fitted):
    _, target, (extractor, content, _, _) = fitted
    assert np.corrcoef(content[:, 0], target[:, 0])[0, 1] > 0.8
    audio, truth = sequence(1, 100)
    new, style = extractor.features(audio, FPS, 100)
    assert new.shape == style.shape == (100, 64)
    assert np.corrcoef(new[:, 0], truth[:, 0])[0, 1] > 0.8


def test_what_sound_cannot_tell_is_shrunk(fitted):
    _, _, (_, content, _, record) = fitted
    assert content[:, 1].std() < 0.25 * content[:, 0].std()
    assert not content[:, 2:].any()
    assert record["content_held_out"]["error"] > record["content_in_sample"]["error"]


@pytest.mark.parametrize("fold", range(3))
def test_labels_of_a_fold_never_reach_its_own_features(fitted, fold):
    audio, target, (_, content, style, _) = fitted
    own = assign_folds([COUNT], FPS, CONFIG.folds, CONFIG.block_seconds) == fold
    changed = target.copy()
    changed[own] = np.random.default_rng(fold).permutation(target[own]) * 2 + 1
    torch.manual_seed(0)
    _, other_content, other_style, _ = fit_extractor(
        [audio], FPS, WHOLE, changed, CONFIG, CPU, silent
    )
    # Zero but for the rounding of sums that skip the fold.
    np.testing.assert_allclose(other_content[own], content[own], atol=1e-5)
    np.testing.assert_allclose(other_style[own], style[own], atol=1e-5)
    assert np.abs(other_content[~own] - content[~own]).max() > 0.05
    assert np.abs(other_style[~own] - style[~own]).max() > 1e-3


def test_the_seed_decides(fitted):
    audio, target, (_, content, style, _) = fitted
    torch.manual_seed(0)
    _, again_content, again_style, _ = fit_extractor(
        [audio], FPS, WHOLE, target, CONFIG, CPU, silent
    )
    np.testing.assert_array_equal(again_content, content)
    np.testing.assert_array_equal(again_style, style)
    torch.manual_seed(1)
    _, _, other_style, _ = fit_extractor([audio], FPS, WHOLE, target, CONFIG, CPU, silent)
    assert not np.array_equal(other_style, style)
