"""From a raw video to the folder layout that the ER-NeRF family of methods trains on."""

from splits.prepare.pipeline import prepare

__all__ = ["prepare"]
