"""The lip expert of the synthetic domain: from the sound alone to the face's controls.

A temporal convolutional network over log-mels, trained on synthetic subjects that no split and no
metric network has (`lip.md` is its card). It sees 0.9 s around a frame, and nothing of any video.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from methods.speech.mel import SAMPLE_RATE, mel_filterbank, stft_magnitude

WEIGHTS = Path(__file__).with_suffix(".safetensors")

#: Columns a second and bands of the log-mels; frames a second of the output.
COLUMN_RATE, BANDS, RATE = 100, 40, 25
_N_FFT, _HOP = 400, SAMPLE_RATE // COLUMN_RATE
#: Root mean square to which sound is brought, and the power below which a band is silent.
_LEVEL, _FLOOR = 0.1, 1e-6

CHANNELS = 96


class LipExpert(nn.Module):
    """Two strided convolutions from 100 to 25 steps a second, three dilated ones, and a readout.

    Args:
        outputs: controls.

    """

    mean: Tensor  # float32 [outputs], of the controls of training
    std: Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(BANDS, CHANNELS, 7, 2, 3),
            nn.GELU(),
            nn.Conv1d(CHANNELS, CHANNELS, 5, 2, 2),
            nn.GELU(),
            nn.Conv1d(CHANNELS, CHANNELS, 3, 1, 1, 1),
            nn.GELU(),
            nn.Conv1d(CHANNELS, CHANNELS, 3, 1, 2, 2),
            nn.GELU(),
            nn.Conv1d(CHANNELS, CHANNELS, 3, 1, 4, 4),
            nn.GELU(),
            nn.Conv1d(CHANNELS, outputs, 1),
        )
        self.register_buffer("mean", torch.zeros(outputs))
        self.register_buffer("std", torch.ones(outputs))

    def forward(self, mels: Tensor) -> Tensor:
        """Normalised controls [B,outputs,M/4] of log-mels float32 [B,40,M]."""
        found: Tensor = self.layers(mels)
        return found

    def controls(self, mels: Tensor) -> Tensor:
        """Controls [B,outputs,M/4] in their own units."""
        return self(mels) * self.std[:, None] + self.mean[:, None]


def log_mels(audio: np.ndarray) -> np.ndarray:
    """Log-mels of a whole sound, float32 [40,M], M a multiple of 4, each band normalised.

    Level is taken out before the logarithm, whose floor would else depend on it; normalising each
    band over the sound takes out the colour of microphone and room.

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz.

    """
    steps = COLUMN_RATE // RATE
    count = -(-len(audio) // (_HOP * steps)) * steps
    padded = np.pad(np.asarray(audio, np.float32), (0, count * _HOP - len(audio)))
    padded = padded * (_LEVEL / max(float(np.sqrt(np.mean(padded**2))), 1e-5))
    magnitude = stft_magnitude(padded, _N_FFT, _HOP, _N_FFT, "hann", pad="reflect")[:, :count]
    bands = np.log(mel_filterbank(_N_FFT, BANDS, 60.0, 7600.0) @ magnitude**2 + _FLOOR)
    centred = bands - bands.mean(1, keepdims=True)
    return (centred / (bands.std(1, keepdims=True) + 0.1)).astype(np.float32)


@cache
def lip_expert() -> LipExpert:
    """The network that comes with the package."""
    state = {name: value.float() for name, value in load_file(WEIGHTS).items()}
    # On no device: an initialisation would draw from the random numbers of the caller.
    with torch.device("meta"):
        net = LipExpert(len(state["mean"]))
    net.load_state_dict(state, assign=True)
    return net.eval()


def lip_controls(audio: np.ndarray, fps: float, count: int) -> np.ndarray:
    """What the expert says of every frame, float32 [count,24], in the controls' units.

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz, beginning with the first frame.
        fps: frames a second; frame i shows the moment (i + 0.5) / fps.
        count: frames; those beyond the sound repeat its end.

    """
    with torch.inference_mode():
        found = lip_expert().controls(torch.from_numpy(log_mels(audio))[None])[0].numpy()
    wanted = (np.arange(count) + 0.5) / fps
    known = (np.arange(found.shape[1]) + 0.5) / RATE
    return np.stack([np.interp(wanted, known, row) for row in found], 1).astype(np.float32)
