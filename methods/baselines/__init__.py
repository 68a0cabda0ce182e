"""Baselines that give a table its scale: what seeing the truth, or nothing, is worth."""
