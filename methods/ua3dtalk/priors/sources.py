"""Files that the options of the priors name: what they hold is part of what decides a fit."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.contracts import BadInput
from harness.file_cache import sha256_of_files
from harness.lipsync.visemes import WEIGHTS as VISEMES
from methods.speech.experts import LIP
from methods.ua3dtalk.priors.config import EMOTION_EXPERTS, PriorConfig


def digests(config: PriorConfig) -> dict[str, str]:
    """Digest of what each option names, and of the experts that come with the package.

    Raises:
        BadInput: there is no such file or folder.

    """
    named = {"emotion experts": list(EMOTION_EXPERTS.values()), "lip experts": [LIP, VISEMES]}
    if config.expert.endswith(".safetensors"):
        named["expert"] = _files(config.expert)
    if config.official:
        named["official"] = _files(config.official)
    if config.emotion_expert not in ("auto", "none", *EMOTION_EXPERTS):
        named["emotion_expert"] = _files(config.emotion_expert)
    return {option: _digest(paths) for option, paths in named.items()}


def _files(path: str) -> list[Path]:
    """A file, or the files of a folder and of its sub-folders."""
    place = Path(path).expanduser()
    if not place.exists():
        raise BadInput(place, "there is no such file or folder", "Correct the option.")
    return sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]


def _digest(paths: list[Path]) -> str:
    found = "".join(f"{path.name} {value}\n" for path, value in sha256_of_files(paths).items())
    return hashlib.sha256(found.encode()).hexdigest()[:16]
