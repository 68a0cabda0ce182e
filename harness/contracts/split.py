"""Split manifests: on what is measured, stated once and versioned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SequenceEntry:
    """One sequence of a split, and the loader's own options for it.

    `role` is "train", "validate" or "test" for a whole sequence; None cuts it in time, by the
    loader's own rule or the split's `train_fraction`.
    """

    id: str
    subject: str
    emotion: str | None = None
    intensity: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    role: str | None = None


@dataclass(frozen=True)
class SplitManifest:
    """A versioned split, as read from `splits/manifests/*.yaml`.

    `train_fraction` is the contiguous first part used for training (10/11 in the
    ER-NeRF family's own preparation script).
    """

    id: str
    version: int
    loader: str  # a loader's name in splits/: "synthetic", "er_nerf"
    domain: str  # "photo" or "synthetic"
    fps: float
    resolution: tuple[int, int]  # height, width in pixels
    sequences: tuple[SequenceEntry, ...]
    licence: str
    source: str  # where to obtain the data
    protocol: str  # the paper whose protocol it follows, and how
    train_fraction: float = 10 / 11
    composite: str = "plate"  # "plate": head over the test frame's torso and background; "none"
    crop: str = "none"
    checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`id@version`, as it stands in every table."""
        return f"{self.id}@{self.version}"
