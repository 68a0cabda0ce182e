"""The uncertainty block: an ensemble per modality, fused by its covariances (Eqs. 7-12)."""
