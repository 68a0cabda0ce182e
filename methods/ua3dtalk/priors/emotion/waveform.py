"""The waveform path: wav2vec 2.0 where its weights are at hand, else a small encoder.

Both turn 48,000 samples into 149 steps, 20 ms apart (wav2vec 2.0, arXiv 2006.11477 section
4.2); the small one does so in three convolutions where wav2vec 2.0 has seven.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.contracts import BadInput, Unavailable, UnknownName
from harness.files.tensors import tensors_by_name
from harness.weights import resolve

STEPS = 149
WEIGHTS_ID = "wav2vec2-base"
_KERNELS, _STRIDES = (40, 6, 6), (20, 4, 4)
_WAV2VEC2_WIDTH = 768


def _standardise(wave: Tensor) -> Tensor:
    """Zero mean and unit variance per window, as wav2vec 2.0's own feature extractor does."""
    wave = wave - wave.mean(-1, keepdim=True)
    return wave / (wave.var(-1, unbiased=False, keepdim=True) + 1e-7).sqrt()


class ConvEncoder(nn.Module):
    """Convolutions alone, trained with the rest: [B,48000] -> [B,149,width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        inputs = (1, *[width] * (len(_KERNELS) - 1))
        # Convolutions as matrix products: several times quicker on a CPU at so few channels.
        self.layers = nn.ModuleList(
            nn.Linear(i * k, width) for i, k in zip(inputs, _KERNELS, strict=True)
        )

    def forward(self, wave: Tensor) -> Tensor:
        """Encode windows of samples."""
        x = _standardise(wave)[:, :, None]
        for layer, kernel, stride in zip(self.layers, _KERNELS, _STRIDES, strict=True):
            x = nn.functional.gelu(layer(x.unfold(1, kernel, stride).flatten(2)))
        return x


class Wav2Vec2Encoder(nn.Module):
    """wav2vec 2.0 base, frozen: [B,48000] -> [B,149,768]. CA-MSER fine-tunes it."""

    width = _WAV2VEC2_WIDTH

    def __init__(self, path: Path) -> None:
        super().__init__()
        from transformers import Wav2Vec2Config, Wav2Vec2Model

        self.model = Wav2Vec2Model(Wav2Vec2Config()).eval().requires_grad_(False)
        state = {k.removeprefix("wav2vec2."): v for k, v in tensors_by_name(path).items()}
        missing, _ = self.model.load_state_dict(state, strict=False)
        if lacking := [k for k in missing if k != "masked_spec_embed"]:
            raise BadInput(
                path,
                f"it lacks {len(lacking)} tensors of wav2vec 2.0 base, such as {lacking[0]}",
                "Use the weights of facebook/wav2vec2-base or wav2vec2-base-960h.",
            )

    def train(self, mode: bool = True) -> Wav2Vec2Encoder:
        """Stay in evaluation mode: a frozen network must not drop or mask anything."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, wave: Tensor) -> Tensor:
        """Encode windows of samples."""
        return self.model(_standardise(wave)).last_hidden_state


WaveformEncoder = ConvEncoder | Wav2Vec2Encoder


def build_encoder(choice: str, width: int) -> tuple[WaveformEncoder, str]:
    """The waveform encoder and one sentence on which it is.

    Args:
        choice: `wav2vec2`, `trained`, or `auto` (the first where it is available).
        width: channels of the trained encoder.

    Raises:
        Unavailable, UnknownName: `wav2vec2` was asked for and its weights or package are absent.

    """
    reason = "chosen by the configuration"
    if choice != "trained":
        try:
            path = resolve(WEIGHTS_ID)
            if importlib.util.find_spec("transformers") is None:
                raise Unavailable(
                    "wav2vec2",
                    "the package transformers is not installed",
                    "Install the extra `speech`.",
                )
            return Wav2Vec2Encoder(path), f"wav2vec2: frozen {path.name}"
        except (Unavailable, UnknownName) as error:
            if choice == "wav2vec2":
                raise
            reason = str(error)
    return ConvEncoder(width), f"trained: {width}-channel convolutions ({reason})"
