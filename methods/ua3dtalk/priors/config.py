"""Sizes and schedules of the offline stage, for the presets `paper` and `quick`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, UnknownName
from methods.ua3dtalk.options import options_of

CONTENT_SIZE = STYLE_SIZE = 64
EMOTION_SIZE = 128

#: The emotion experts that come with the package, by domain.
EMOTION_EXPERTS = {
    name: Path(__file__).parent / "emotion" / "experts" / f"{name}.safetensors"
    for name in ("synthetic", "speech")
}


@dataclass(frozen=True)
class PriorConfig:
    """Sizes and schedules of Prior Extraction and Emotion Distillation.

    The defaults are the `quick` preset: the same modules as `paper`, narrower.
    """

    # Which features are made; a module that is off gives zeros.
    use_prior: bool = True  # P: content and style
    use_emotion: bool = True  # E
    # Folder with the six official feature files, or with one such folder per sequence, called by
    # its id, if there are several. Empty: the `priors` signal of the sequences where they have
    # it, else training.
    official: str = ""
    # Windows of the audio modality: "auto", the sequence's own features (DeepSpeech's) where it has
    # them; "logmel29", always a log-mel spectrogram.
    audio_features: str = "auto"

    # Cross-fitting: the training part is cut into blocks, dealt out to the folds in turn.
    folds: int = 4
    block_seconds: float = 1.6

    # Content, f_exp: kernel ridge regression from sound to the subject's expression. What it
    # regresses on: "expert", what a lip expert says that many other voices taught, with the sound's
    # cepstra for those coefficients that they help; "own", the cepstra alone, so that the subject's
    # own video is all that is known; "official", nothing: the `priors` files are demanded; "none",
    # nothing: content is 0. Files that are there replace "expert", too.
    content: str = "expert"
    # "auto": the one that knows the sequences' domain, "synthetic" or "speech"; or a file that
    # `harness pretrain lip` made.
    expert: str = "auto"
    expert_context: int = 1  # frames to either side that a frame's prediction depends on
    expert_ridge: float = 1.0
    expert_linear: float = 0.3  # weight of the linear part beside the Gaussian kernel
    own_context: int = 4
    own_ridge: float = 0.1
    content_landmarks: int = 1024

    # Style and fuse networks.
    style_hidden: int = 40
    style_layers: int = 1
    style_widths: tuple[int, ...] = (80, 40)
    style_dropout: float = 0.5
    style_steps: int = 120
    style_lr: float = 2e-3
    # The fuse network starts as a plain sum and should leave the learning to the style.
    fuse_lr_ratio: float = 0.1
    style_segment: int = 25  # consecutive frames that one LSTM pass sees in training
    style_batch: int = 8
    recon_loss: str = "mse"  # "mse" as in the paper, "l1" as in NeRF-3DTalker's code

    # Co-attention speech emotion network. What it starts from: "auto", the expert of the sequences'
    # domain where its sizes are these; "synthetic" or "speech", one of the two; "none", random
    # weights; or a file that `harness pretrain emotion` made.
    emotion_expert: str = "auto"
    emotion_image: tuple[int, int] = (96, 144)
    emotion_conv: tuple[int, ...] = (16, 32, 48, 32, 32)
    emotion_pool: tuple[int, int] = (2, 3)
    emotion_mfcc_step: int = 4  # every n-th of the 300 MFCC frames
    emotion_mfcc_pool: int = 6  # parts of the 3 s over which LSTM states are averaged; 0: none
    emotion_hidden: int = 24
    emotion_lstm_dropout: float = 0.3
    emotion_dropout: float = 0.3
    waveform: str = "trained"  # "wav2vec2", "trained", or "auto": wav2vec2 where it is present
    waveform_width: int = 16
    emotion_steps: int = 120
    emotion_batch: int = 12
    emotion_lr: float = 3e-3
    # Of an expert's weights; and the weight of the loss that keeps its scores, for a person who
    # shows none of the eight emotions. It falls to 0 for one who shows all.
    emotion_tuning_lr: float = 3e-4
    emotion_keeping: float = 16.0
    emotion_weight_decay: float = 1e-2
    emotion_stride: int = 5  # frames between two evaluated windows, linear in between

    @classmethod
    def of(cls, values: Mapping[str, Any], preset: str = "quick") -> PriorConfig:
        """A preset with some values replaced, as they stand in a configuration file.

        Raises:
            UnknownName: a key that is no field of this class, or no preset.
            BadInput: a choice that does not exist, or a value of another type.

        """
        known = {f.name for f in fields(cls)}
        for name in values:
            if name not in known:
                raise UnknownName("option of the priors", name, known)
        if preset not in PRESETS:
            raise UnknownName("preset", preset, PRESETS)
        return replace(PRESETS[preset], **options_of(cls, values))

    def __post_init__(self) -> None:
        for name, choices in (
            ("content", ("expert", "own", "official", "none")),
            ("recon_loss", ("mse", "l1")),
            ("waveform", ("wav2vec2", "trained", "auto")),
            ("audio_features", ("auto", "logmel29")),
        ):
            if getattr(self, name) not in choices:
                raise BadInput(name, f"it is {getattr(self, name)!r}", f"Use one of {choices}.")
        if self.folds < 3:
            raise BadInput("folds", f"it is {self.folds}", "Nested cross-fitting needs at least 3.")


PRESETS: Mapping[str, PriorConfig] = {
    "quick": PriorConfig(),
    # Published sizes (NeRF-3DTalker `talker_trainer_disexp.py`, CA-MSER `models/ser_model.py`).
    # The published learning rate of the style network, 1e-7, belongs to fine-tuning over many
    # epochs of other subjects; from scratch on one subject it would not move.
    "paper": PriorConfig(
        content_landmarks=4096,
        style_hidden=640,
        style_layers=2,
        style_widths=(640, 320),
        style_steps=2000,
        style_lr=1e-4,
        style_segment=100,
        emotion_image=(256, 384),
        emotion_conv=(64, 192, 384, 256, 256),
        emotion_pool=(6, 6),
        emotion_mfcc_step=1,
        emotion_mfcc_pool=0,
        emotion_hidden=256,
        emotion_lstm_dropout=0.5,
        emotion_dropout=0.1,
        emotion_batch=32,
        waveform="auto",
        waveform_width=256,
        emotion_steps=2000,
        emotion_lr=1e-4,
        emotion_tuning_lr=1e-5,
        emotion_stride=1,
    ),
}
