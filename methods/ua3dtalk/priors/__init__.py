"""Prior Extraction: content, style and emotion features of every frame, from sound alone."""
