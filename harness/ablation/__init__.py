"""Grids of variants of one method: read, planned, compared and written in every format."""
