"""Lip experts: from the sound alone to a face's expression coefficients.

A temporal convolutional network over log-mels that sees 0.9 s around a frame, and nothing of any
video. The one that comes with the package knows the synthetic domain: it was trained on subjects
that no split and no metric network has (`lip.md` is its card). `python -m harness pretrain lip`
makes others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from harness.contracts import BadInput
from methods.speech.experts import LIP
from methods.speech.experts.files import read_expert
from methods.speech.mel import SAMPLE_RATE, mel_filterbank, stft_magnitude
from methods.speech.resampling import at_frames

KIND = "lip"

#: Columns a second and bands of the log-mels; frames a second of the output.
COLUMN_RATE, BANDS, RATE = 100, 40, 25
_N_FFT, _HOP = 400, SAMPLE_RATE // COLUMN_RATE
#: Root mean square to which sound is brought, and the power below which a band is silent.
_LEVEL, _FLOOR = 0.1, 1e-6

CHANNELS = 96


class LipExpert(nn.Module):
    """Two strided convolutions from 100 to 25 steps a second, three dilated ones, and a readout.

    Args:
        outputs: coefficients.
        channels: of every layer.

    """

    mean: Tensor  # float32 [outputs], of the coefficients of training
    std: Tensor

    def __init__(self, outputs: int, channels: int = CHANNELS) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(BANDS, channels, 7, 2, 3),
            nn.GELU(),
            nn.Conv1d(channels, channels, 5, 2, 2),
            nn.GELU(),
            nn.Conv1d(channels, channels, 3, 1, 1, 1),
            nn.GELU(),
            nn.Conv1d(channels, channels, 3, 1, 2, 2),
            nn.GELU(),
            nn.Conv1d(channels, channels, 3, 1, 4, 4),
            nn.GELU(),
            nn.Conv1d(channels, outputs, 1),
        )
        self.register_buffer("mean", torch.zeros(outputs))
        self.register_buffer("std", torch.ones(outputs))

    def forward(self, mels: Tensor) -> Tensor:
        """Normalised coefficients [B,outputs,M/4] of log-mels float32 [B,40,M]."""
        found: Tensor = self.layers(mels)
        return found

    def controls(self, mels: Tensor) -> Tensor:
        """Coefficients [B,outputs,M/4] in their own units."""
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


def lip_network(state: Mapping[str, Tensor]) -> LipExpert:
    """The network of some weights, float32 by name."""
    # On no device: an initialisation would draw from the random numbers of the caller.
    with torch.device("meta"):
        net = LipExpert(len(state["mean"]), len(state["layers.0.weight"]))
    net.load_state_dict(dict(state), assign=True)
    return net.eval()


def lip_expert(path: Path = LIP) -> LipExpert:
    """The network of a file, by default that of the synthetic domain.

    Raises:
        BadInput: missing, damaged, or no lip expert.

    """
    return _loaded(*_file(path))


def lip_basis(path: Path = LIP) -> str:
    """The expression basis of a file's outputs.

    Raises:
        BadInput: as `lip_expert`.

    """
    return str(read_expert(path, KIND).facts["basis"])


def lip_controls(audio: np.ndarray, fps: float, count: int, path: Path = LIP) -> np.ndarray:
    """What an expert says of every frame, float32 [count,C], in the units of its basis.

    Args:
        audio: float32 [S] in [-1,1] at 16 kHz, beginning with the first frame.
        fps: frames a second; frame i shows the moment (i + 0.5) / fps.
        count: frames; those beyond the sound repeat its end.
        path: the expert's file.

    Raises:
        BadInput: as `lip_expert`.

    """
    return predicted(lip_expert(path), audio, fps, count)


def predicted(net: LipExpert, audio: np.ndarray, fps: float, count: int) -> np.ndarray:
    """`lip_controls` of a network."""
    with torch.inference_mode():
        found = net.controls(torch.from_numpy(log_mels(audio))[None])[0].numpy()
    return at_frames(found.T, RATE, fps, count)


def _file(path: Path) -> tuple[Path, tuple[int, int]]:
    """A file and its stamp, so that a changed one is read again."""
    if not path.is_file():
        raise BadInput(path, "there is no such file", "Name the file of a lip expert.")
    stat = path.stat()
    return path, (stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4)
def _loaded(path: Path, _stamp: tuple[int, int]) -> LipExpert:
    state = read_expert(path, KIND).tensors
    try:
        return lip_network(state)
    except (KeyError, RuntimeError) as error:
        fact = "its tensors are not those of a lip expert"
        raise BadInput(path, fact, "Make one with `python -m harness pretrain lip`.") from error
