"""2D methods: a source frame or video and audio in, a video out; nothing is trained."""
