"""Lip and sound embeddings of a SyncNet, shared by all variants that are scored together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metrics.sync import score as sync_score

if TYPE_CHECKING:
    from torch import Tensor

#: Windows that pass through the network together.
CHUNK = 16
#: Embeddings of sounds that a network remembers: a sequence's own, and that of the recoded one.
_SOUNDS = 3


class Embedder:
    """The SyncNet of a weights id.

    Attributes:
        size: side of the square crop it sees, in pixels.
        width: dimensions of an embedding.

    Raises:
        BadInput: the file cannot be read or is of another network.

    """

    def __init__(self, kind: str, path: Path, device: str) -> None:
        from metrics.backbones.load import load_into, read_state
        from metrics.backbones.syncnet import FoldedSyncNet, SyncNet
        from metrics.backbones.synthetic_syncnet import SyntheticSyncNet

        self.network: SyntheticSyncNet | FoldedSyncNet
        if kind == "synthetic-syncnet":
            self.network = load_into(SyntheticSyncNet(), read_state(path), path, device)
        else:
            self.network = load_into(SyncNet(), read_state(path), path, device).folded()
        self.device = device
        self.size, self.width = self.network.size, self.network.width
        self._sounds: dict[tuple[str, int], np.ndarray] = {}

    def lips(self, windows: np.ndarray) -> np.ndarray:
        """Embeddings float64 [N,D] of crops float32 [N,5,size,size,3]."""
        return embed(self.network.forward_lip, windows.transpose(0, 4, 1, 2, 3), self.device)

    def sound(self, audio: np.ndarray, count: int) -> np.ndarray:
        """Embeddings float64 [count,D] of the first windows of float32 PCM [S] at 16 kHz.

        Remembered, since several variants ask for the same sound.
        """
        key = hashlib.sha256(audio.tobytes()).hexdigest(), count
        if key not in self._sounds:
            while len(self._sounds) >= _SOUNDS:
                del self._sounds[next(iter(self._sounds))]
            windows = sync_score.mfcc_windows(sync_score.mfcc(audio), count)
            self._sounds[key] = embed(self.network.forward_aud, windows, self.device)
        return self._sounds[key]


class LipStream:
    """Embeds the windows of a stream of crops; at most `CHUNK` + 4 crops are held."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._crops: list[np.ndarray | None] = []
        self._rows: list[np.ndarray] = []

    def push(self, crop: np.ndarray | None) -> None:
        """Take the next crop, float32 [size,size,3] as the network wants it; None if unseen."""
        self._crops.append(crop)
        if len(self._crops) == CHUNK + sync_score.FRAMES - 1:
            self._embed()

    def _embed(self) -> None:
        crops, span = self._crops, sync_score.FRAMES
        windows = [
            [crop for crop in crops[i : i + span] if crop is not None]
            for i in range(len(crops) - span + 1)
        ]
        seen = [i for i, window in enumerate(windows) if len(window) == span]
        rows = np.full((len(windows), self._embedder.width), np.nan)
        if seen:
            rows[seen] = self._embedder.lips(np.stack([np.stack(windows[i]) for i in seen]))
        self._rows.append(rows)
        self._crops = crops[len(windows) :]

    def finish(self) -> np.ndarray:
        """Embeddings float64 [N,D], N four fewer than crops; NaN where a crop was unseen."""
        if len(self._crops) >= sync_score.FRAMES:
            self._embed()
        return np.concatenate([np.zeros((0, self._embedder.width)), *self._rows])


def bgr255(crop: np.ndarray) -> np.ndarray:
    """SyncNet's float32 input of a crop uint8 RGB [size,size,3]."""
    return crop[..., ::-1].astype(np.float32)


def embed(
    network: Callable[[Tensor], Tensor], inputs: np.ndarray, device: str = "cpu"
) -> np.ndarray:
    """Embeddings float64 [N,D] of float32 [N,...], a chunk at a time, without gradients.

    `network` is a method of a torch module on `device`, from [B,...] to [B,D].
    """
    import torch

    with torch.inference_mode():
        return np.concatenate(
            [
                network(torch.from_numpy(np.ascontiguousarray(inputs[i : i + CHUNK])).to(device))
                .double()
                .cpu()
                .numpy()
                for i in range(0, len(inputs), CHUNK)
            ]
        )
