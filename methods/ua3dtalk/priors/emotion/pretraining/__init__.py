"""Training of emotion experts on the labelled speech of many people."""
