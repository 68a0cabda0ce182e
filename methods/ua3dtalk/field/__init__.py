"""UA-3DTalk's deformation field: conditions of a frame to offsets of every Gaussian."""
