"""What a fit starts from, what it keeps of that, and which files are refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.contracts import BadInput
from methods.ua3dtalk.priors.config import EMOTION_EXPERTS, PRESETS, PriorConfig
from methods.ua3dtalk.priors.emotion import expert
from methods.ua3dtalk.priors.emotion.coattention import CoAttention
from methods.ua3dtalk.priors.emotion.features import speech_inputs
from methods.ua3dtalk.priors.emotion.model import evaluated_frames, stack_windows
from methods.ua3dtalk.priors.emotion.train import fit_emotion, kept_knowledge
from methods.ua3dtalk.priors.emotion.waveform import ConvEncoder
from methods.ua3dtalk.spans import Spans

CPU = torch.device("cpu")
TINY = PriorConfig.of(
    {
        "emotion_hidden": 8,
        "emotion_conv": [4, 8, 8, 8, 8],
        "waveform_width": 4,
        "emotion_steps": 24,
        "emotion_batch": 8,
    }
)


def net(config, seed=0):
    torch.manual_seed(seed)
    return CoAttention(config, ConvEncoder(config.waveform_width)).eval()


@pytest.fixture
def stored(tmp_path):
    """An expert of tiny sizes, and its file."""
    made, path = net(TINY, 5), tmp_path / "tiny.safetensors"
    expert.write(path, made, TINY, {}, "# Card")
    return made, path


def test_the_domain_of_the_expression_chooses_the_expert():
    config = PriorConfig()
    assert expert.expert_for(config, "synthetic") == EMOTION_EXPERTS["synthetic"]
    assert expert.expert_for(config, "mp52") == EMOTION_EXPERTS["speech"]
    assert expert.expert_for(replace(config, emotion_expert="none"), "mp52") is None
    named = replace(config, emotion_expert="synthetic")
    assert expert.expert_for(named, "mp52") == EMOTION_EXPERTS["synthetic"]
    assert expert.expert_for(replace(config, emotion_expert="a/b.safetensors"), "mp52").name == (
        "b.safetensors"
    )


@pytest.mark.parametrize("domain", list(EMOTION_EXPERTS))
def test_shipped_experts_have_the_sizes_of_quick_and_know_emotions(domain):
    config, path = PriorConfig(), EMOTION_EXPERTS[domain]
    assert expert.start_from(net(config), path, config) == domain
    assert path.with_suffix(".md").is_file()
    assert path.stat().st_size < 300_000


def test_all_but_the_alignment_comes_from_the_file(stored):
    made, path = stored
    other = net(TINY, 6)
    own = other.align[0].weight.clone()
    config = replace(TINY, emotion_expert=str(path))
    assert expert.start_from(other, path, config) == str(path)
    assert torch.equal(other.align[0].weight, own)
    for name, value in made.state_dict().items():
        if not name.startswith("align."):
            torch.testing.assert_close(other.state_dict()[name], value, atol=5e-3, rtol=0)


def test_other_sizes(stored):
    _, path = stored
    config = PriorConfig(emotion_expert=str(path))
    with pytest.raises(BadInput, match=r"with emotion_conv \[4, 8, 8, 8, 8\], and this fit has"):
        expert.start_from(net(config), path, config)
    shipped = EMOTION_EXPERTS["synthetic"]
    assert "none: it was trained with emotion_conv" in expert.start_from(net(TINY), shipped, TINY)
    with pytest.raises(BadInput, match="emotion_expert=none"):
        expert.start_from(net(TINY), shipped, replace(TINY, emotion_expert="synthetic"))
    assert PRESETS["paper"].emotion_conv != PRESETS["quick"].emotion_conv


def test_one_emotion_does_not_erase_the_others(stored):
    """Half a minute in one mood: without what keeps them, scores move to that mood alone."""
    made, path = stored
    rng = np.random.default_rng(0)
    audio = (0.1 * rng.normal(size=30 * 16_000)).astype(np.float32)
    labels, target = np.full(750, 5), rng.normal(size=(750, 64)).astype(np.float32)
    spans = Spans([750])
    (inputs,) = speech_inputs([audio], 25.0, [750])
    windows = stack_windows(inputs.window, evaluated_frames(750, 25))
    moved = {}
    for keeping in (0.0, 10.0):
        config = replace(TINY, emotion_keeping=keeping, emotion_tuning_lr=3e-3)
        torch.manual_seed(0)
        model, _, record = fit_emotion(
            [audio], 25.0, spans, labels, target, config, CPU, lambda *_a, **_k: None, path
        )
        assert record["expert"] == str(path)
        with torch.inference_mode():
            moved[keeping] = float(kept_knowledge(model.network(*windows), made, windows))
    assert moved[10.0] < 0.5 * moved[0.0]
