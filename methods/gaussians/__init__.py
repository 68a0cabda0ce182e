"""Shared 3D Gaussian parts: splatting, density control, PLY files."""
