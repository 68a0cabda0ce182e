"""UA-3DTalk (arXiv 2601.19112): uncertainty-aware emotional 3D talking heads.

From the ground up: `priors` (offline features of speech) and `field` (the deformation network),
`data` (what a fit learns from), `scene` (the Gaussians), `training` (the stages), and on top
`fit`, `render` and `method`.
"""
