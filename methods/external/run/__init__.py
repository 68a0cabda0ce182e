"""Running a checkout: its description, environment and data folders, and its processes."""
