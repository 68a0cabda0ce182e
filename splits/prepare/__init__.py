"""From raw videos to the folder layout that the ER-NeRF family of methods trains on."""

from splits.prepare.pipeline import prepare
from splits.prepare.sequence import doubts

__all__ = ["doubts", "prepare"]
