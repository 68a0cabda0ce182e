"""What is done for a cell: rendering, timing, scoring."""
