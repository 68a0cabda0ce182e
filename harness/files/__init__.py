"""One reader for each kind of file that somebody gave us: bounded, and named errors only."""
