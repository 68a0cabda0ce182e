"""The stages of training: face, mouth, fuse; their losses and schedules."""
