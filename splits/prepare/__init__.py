"""From raw videos to the folder layout that the ER-NeRF family of methods trains on."""

from splits.prepare.pipeline import prepare, prepare_subject

__all__ = ["prepare", "prepare_subject"]
