"""Emotion Distillation: a per-frame speech-emotion feature (UA-3DTalk section 2.2)."""
