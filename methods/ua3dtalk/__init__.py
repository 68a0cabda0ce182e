"""UA-3DTalk (arXiv 2601.19112): uncertainty-aware emotional 3D talking heads.

`priors` and `emotion` are its offline stage (Prior Extraction, Emotion Distillation);
`audio_windows` are the windowed speech features of the audio view.
"""
