"""Loader of the AD-NeRF / ER-NeRF / TalkingGaussian folder layout."""

from splits.er_nerf.loader import is_er_nerf, load, manifest_of

__all__ = ["is_er_nerf", "load", "manifest_of"]
