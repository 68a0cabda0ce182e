"""A procedural emotional talking head with known truth, deterministic by seed."""
