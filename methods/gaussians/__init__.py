"""Shared 3D Gaussian parts: parameters, splatting, density control."""
