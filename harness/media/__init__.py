"""Video, sound and face landmarks in and out: shared by every room, importing none."""
