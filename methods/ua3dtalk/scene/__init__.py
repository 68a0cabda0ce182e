"""The Gaussians of a branch: where they start, how they are optimized and change in number."""
