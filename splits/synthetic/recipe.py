"""What decides a synthetic sequence, and the name under which it is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from splits.synthetic.performance import Block, Performance, perform
from splits.synthetic.prosody import Speaker

_HERE = Path(__file__).resolve().parent
_CODE = (".py", ".json", ".npz", ".yaml")


@cache
def source_digest() -> str:
    """Sha256 over all sources and tables of the generator; any change makes new sequences."""
    digest = hashlib.sha256()
    for path in sorted(p for p in _HERE.rglob("*") if p.suffix in _CODE):
        digest.update(path.relative_to(_HERE).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Recipe:
    """All parameters of a sequence; the same recipe gives the same sequence."""

    identity: int
    seed: int
    schedule: tuple[Block, ...]
    height: int
    width: int
    fps: float = 25.0

    @property
    def digest(self) -> str:
        """Name of the sequence: hash of the generator's sources and these parameters."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(f"{source_digest()}\n{text}".encode()).hexdigest()[:24]

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe that `dataclasses.asdict` was taken of."""
        schedule = tuple(Block(**block) for block in values["schedule"])
        return cls(**{**values, "schedule": schedule})

    def perform(self) -> Performance:
        """Voice, controls and pose; see `perform`."""
        return perform(self.seed, self.schedule, Speaker.of(self.identity), self.fps)


__all__ = ["Recipe", "source_digest"]
