"""Split manifests: on what is measured, stated once and versioned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ROLES = ("train", "validate", "test")

#: Bytes of a run folder's name: file systems allow 255, and a key is added to it.
_LONGEST = 200


@dataclass(frozen=True)
class SequenceEntry:
    """One sequence of a split, and the loader's own options for it.

    `role` is one of `ROLES` for a whole sequence; None cuts it in time, by the loader's own rule
    or the split's `train_fraction`.
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
    unseen_subjects: bool = False  # True: a test subject may have no training sequence (VOCASET)
    key: str = ""  # digest of a local folder's path, as two folders may have one name

    @property
    def name(self) -> str:
        """`id@version`, as it stands in every table."""
        return f"{self.id}@{self.version}"

    @property
    def folder_name(self) -> str:
        """The name of the split's run folder: that of the split, as long as a file name may be."""
        if len(self.name.encode()) <= _LONGEST:
            return self.name
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:8]
        return f"{self.name.encode()[: _LONGEST - 9].decode(errors='ignore')}-{digest}"

    @property
    def distinct_folder_name(self) -> str:
        """`folder_name` with the split's `key`, for when another split has that name already."""
        return f"{self.folder_name}-{self.key}" if self.key else self.folder_name
