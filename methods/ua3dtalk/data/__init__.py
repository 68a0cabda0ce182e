"""What a fit learns from: frames, crops and driving features in scene units."""
