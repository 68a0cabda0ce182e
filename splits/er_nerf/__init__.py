"""Loader of the AD-NeRF / ER-NeRF / TalkingGaussian folder layout."""

from splits.er_nerf.loader import digest_of, is_er_nerf, load, manifest_of

__all__ = ["digest_of", "is_er_nerf", "load", "manifest_of"]
