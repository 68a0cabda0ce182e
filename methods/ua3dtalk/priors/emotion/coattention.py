"""Co-attention speech-emotion network (CA-MSER, Zou et al., ICASSP 2022).

Layer sizes of the `paper` preset are those of Vincent-ZHQ/CA-MSER `models/ser_model.py`. Two
differences: AlexNet starts from random weights and is trained here, and the waveform encoder
is frozen or small (`waveform.py`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness.contracts import EMOTIONS
from methods.ua3dtalk.priors.config import CONTENT_SIZE, EMOTION_SIZE, PriorConfig
from methods.ua3dtalk.priors.emotion.features import N_MFCC, SEGMENT
from methods.ua3dtalk.priors.emotion.waveform import STEPS, Wav2Vec2Encoder, WaveformEncoder


class EmotionOutput(NamedTuple):
    """The network's outputs for a batch of windows."""

    feature: Tensor  # [B,128], f_emo: the re-weighted waveform path, non-negative
    aligned: Tensor  # [B,64], f_emo brought to the expression basis
    logits: Tensor  # [B,8], in the order of EMOTIONS


class AlexNetFeatures(nn.Sequential):
    """Convolutional part of AlexNet: [B,3,H,W] -> [B, C5 * pool]; 9216 at the published size."""

    def __init__(self, channels: tuple[int, ...], pool: tuple[int, int]) -> None:
        a, b, c, d, e = channels
        super().__init__(
            nn.Conv2d(3, a, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(d, e, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.AdaptiveAvgPool2d(pool),
            nn.Flatten(),
        )
        self.width = e * pool[0] * pool[1]
        for layer in self:
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                # Trained from scratch without normalisation layers: keep the variance level.
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)


class CoAttention(nn.Module):
    """Spectrogram and MFCC decide which of the 149 waveform steps count."""

    def __init__(self, config: PriorConfig, waveform: WaveformEncoder) -> None:
        super().__init__()
        size, hidden = EMOTION_SIZE, config.emotion_hidden
        self.image = config.emotion_image
        self.mfcc_step, self.mfcc_pool = config.emotion_mfcc_step, config.emotion_mfcc_pool
        self.alexnet = AlexNetFeatures(config.emotion_conv, config.emotion_pool)
        self.spec_layer = nn.Linear(self.alexnet.width, size)
        self.lstm = nn.LSTM(
            N_MFCC,
            hidden,
            2,
            batch_first=True,
            bidirectional=True,
            dropout=config.emotion_lstm_dropout,
        )
        steps = self.mfcc_pool or len(range(0, SEGMENT, self.mfcc_step))
        self.mfcc_layer = nn.Linear(steps * 2 * hidden, size)
        self.attention = nn.Linear(2 * size, STEPS)
        self.waveform = waveform
        self.wave_layer = nn.Linear(waveform.width, size)
        self.head = nn.Sequential(
            nn.Dropout(config.emotion_dropout),
            nn.Linear(3 * size, size),
            nn.ReLU(),
            nn.Dropout(config.emotion_dropout),
            nn.Linear(size, size),
            nn.ReLU(),
            nn.Linear(size, len(EMOTIONS)),
        )
        # "Emotion Aligning Net" of UA-3DTalk's Fig. 1c.
        self.align = nn.Sequential(
            nn.Linear(size, CONTENT_SIZE), nn.ReLU(), nn.Linear(CONTENT_SIZE, CONTENT_SIZE)
        )
        self.dropout = nn.Dropout(config.emotion_dropout)

    def trained_state(self) -> dict[str, Tensor]:
        """State without a frozen waveform encoder, which never changes."""
        frozen = isinstance(self.waveform, Wav2Vec2Encoder)
        state = self.state_dict().items()
        return {n: v for n, v in state if not (frozen and n.startswith("waveform."))}

    def forward(self, spectrum: Tensor, mfcc: Tensor, wave: Tensor) -> EmotionOutput:
        """Evaluate windows of 3 s.

        Args:
            spectrum: [B,300,200] in [-1,1].
            mfcc: [B,300,40].
            wave: [B,48000].

        """
        image = nn.functional.interpolate(
            spectrum.transpose(1, 2)[:, None], self.image, mode="bilinear", align_corners=False
        ).expand(-1, 3, -1, -1)
        spec = torch.relu(self.spec_layer(self.dropout(self.alexnet(image))))
        states = self.lstm(mfcc[:, :: self.mfcc_step])[0]
        if self.mfcc_pool:
            states = nn.functional.adaptive_avg_pool1d(states.mT, self.mfcc_pool).mT
        cepstrum = torch.relu(self.mfcc_layer(self.dropout(states.flatten(1))))
        both = torch.cat([spec, cepstrum], 1)
        weights = torch.relu(self.attention(self.dropout(both)))
        weighted = torch.einsum("bt,btc->bc", weights, self.waveform(wave))
        feature = torch.relu(self.wave_layer(self.dropout(weighted)))
        logits = self.head(torch.cat([both, feature], 1))
        return EmotionOutput(feature, self.align(feature), logits)
