"""Means by emotion, intensity and subject."""
