"""Baselines that give a table its scale: lower bounds, and oracles that see the ground truth."""
