"""Reading and writing of video, sound, meshes and face landmarks; imports contracts only."""
