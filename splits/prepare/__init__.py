"""From raw videos to the folder layout that the ER-NeRF family of methods trains on."""

from splits.prepare.pipeline import check, prepare
from splits.prepare.sequence import doubts

__all__ = ["check", "doubts", "prepare"]
