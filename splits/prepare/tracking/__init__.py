"""The one person of a video: in every frame, alive, the same throughout, and facing the camera."""
