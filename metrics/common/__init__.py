"""What several metrics share: face features, regions, meshes, distributions, small numerics."""
