"""What Prior Extraction leaves: the features of the training frames, and the way to new ones."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from harness.contracts import AudioFeatures, BadInput, MissingSignal, Priors
from harness.files.documents import read_object
from harness.files.tensors import tensors_by_name
from harness.files.writing import replacing
from methods.speech.windows import KIND, LogMelStatistics, audio_windows, check_windows
from methods.ua3dtalk.priors.config import CONTENT_SIZE, EMOTION_SIZE, STYLE_SIZE, PriorConfig
from methods.ua3dtalk.priors.emotion.model import EmotionModel
from methods.ua3dtalk.priors.expression.extractor import PriorExtractor
from methods.ua3dtalk.priors.official import check_priors

_FORMAT = 2
_TENSORS, _RECORD = "priors.safetensors", "priors.json"
_PRIOR_CURE = (
    "The model was fitted on priors from files: provide those of the driving audio too, or fit "
    "without `priors` so that they are predicted from the audio."
)


def zero_priors(count: int) -> Priors:
    """What modules that are switched off give."""
    sizes = (CONTENT_SIZE, STYLE_SIZE, EMOTION_SIZE)
    return Priors(*(np.zeros((count, size), np.float32) for size in sizes))


@dataclass
class PriorModel:
    """Features of the training frames, and networks for any other sound.

    Attributes:
        config: sizes it was fitted with.
        priors: content [T,64], style [T,64] and emotion [T,128] of the training frames. Content
            and style are out-of-fold predictions: their errors are those of a test.
        training_windows: audio windows [T,16,29] of the training frames, and what made them.
        statistics: what `logmel29` windows are normalised with.
        extractor: content and style networks; None where the features came from files.
        emotion: emotion network; None where the features came from files or E is off.
        record: sources and held-out errors, as plain values.

    """

    config: PriorConfig
    priors: Priors
    training_windows: AudioFeatures
    statistics: LogMelStatistics
    extractor: PriorExtractor | None = None
    emotion: EmotionModel | None = None
    record: dict[str, Any] = field(default_factory=dict)

    def infer(
        self, audio: np.ndarray, fps: float, count: int, given: Priors | None = None
    ) -> Priors:
        """Features of any sound.

        Args:
            audio: float32 [S] in [-1,1] at 16 kHz, starting with the first frame.
            fps: frames per second.
            count: how many frames.
            given: features of this very sound from files; needed where `record["source"]` is
                not `trained`, refused where it is.

        Raises:
            MissingSignal: the training features came from files and none are given.
            BadInput: features are given that the fitted ones do not match.

        """
        if self.record["source"] != "trained":
            if given is None:
                raise MissingSignal("priors", "the driving audio", "UA-3DTalk", _PRIOR_CURE)
            return check_priors(given, count, "priors of the driving audio")
        if given is not None:
            raise BadInput(
                "priors of the driving audio",
                "they are given, but the model was fitted on its own predictions",
                "Leave them out, or fit on training sequences that have `priors`.",
            )
        priors = zero_priors(count)
        if self.extractor is not None:
            content, style = self.extractor.features(audio, fps, count)
            priors = replace(priors, content=content, style=style)
        if self.emotion is not None:
            priors = replace(priors, emotion=self.emotion.features(audio, fps, count))
        return priors

    def windows(
        self, audio: np.ndarray, fps: float, count: int, given: AudioFeatures | None = None
    ) -> np.ndarray:
        """Audio windows of any sound, float32 [count,16,29], of the kind seen in training.

        Raises:
            MissingSignal: training used features that came with the sequences and none are given.
            BadInput: the given features are of another kind or shape.

        """
        kind = self.training_windows.kind
        if kind == KIND:
            return audio_windows(audio, fps, count, self.statistics)
        if given is None:
            raise MissingSignal(
                "audio_features",
                "the driving audio",
                "UA-3DTalk",
                f"The model was fitted on {kind} features: provide those of the driving audio too.",
            )
        if given.kind != kind:
            raise BadInput(
                "audio features of the driving audio",
                f"they are {given.kind}, but the model was fitted on {kind}",
                "Extract them in the same way.",
            )
        return check_windows(given, count, "the driving audio")

    def save(self, folder: Path) -> None:
        """Write `priors.safetensors` and `priors.json`, the latter last and each by renaming."""
        tensors = {
            "train.content": self.priors.content,
            "train.style": self.priors.style,
            "train.emotion": self.priors.emotion,
            "train.windows": self.training_windows.values,
            "logmel.mean": self.statistics.mean,
            "logmel.std": self.statistics.std,
        }
        parts: dict[str, Any] = {}
        for name in ("extractor", "emotion"):
            part = getattr(self, name)
            if part is not None:
                arrays, parts[name] = part.state()
                tensors |= {f"{name}.{key}": value for key, value in arrays.items()}
        meta = {
            "format": _FORMAT,
            "config": asdict(self.config),
            "windows": self.training_windows.kind,
            "parts": parts,
            "record": self.record,
        }
        # An old record must not stay beside new tensors.
        (folder / _RECORD).unlink(missing_ok=True)
        with replacing(folder / _TENSORS) as partial:
            save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, partial)
        with replacing(folder / _RECORD) as partial:
            partial.write_text(json.dumps(meta, indent=1), "utf-8")

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> PriorModel:
        """Read what `save` wrote.

        Raises:
            BadInput: a file is absent or damaged, or of another version.

        """
        cure = "Fit the method again."
        meta = read_object(folder / _RECORD, cure)
        tensors = {k: v.numpy() for k, v in tensors_by_name(folder / _TENSORS, cure).items()}
        if meta.get("format") != _FORMAT:
            raise BadInput(
                folder, f"its format version is {meta.get('format')}, not {_FORMAT}", cure
            )
        config = PriorConfig.of(meta["config"])
        target = torch.device(device)

        def under(name: str) -> dict[str, np.ndarray]:
            prefix = f"{name}."
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        parts = meta["parts"]
        return cls(
            config=config,
            priors=Priors(*(tensors[f"train.{n}"] for n in ("content", "style", "emotion"))),
            training_windows=AudioFeatures(tensors["train.windows"], meta["windows"]),
            statistics=LogMelStatistics(tensors["logmel.mean"], tensors["logmel.std"]),
            extractor=PriorExtractor.restore(under("extractor"), config, target)
            if "extractor" in parts
            else None,
            emotion=EmotionModel.restore(under("emotion"), parts["emotion"], config, target)
            if "emotion" in parts
            else None,
            record=meta["record"],
        )
