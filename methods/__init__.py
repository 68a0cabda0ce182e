"""What is measured: one folder per method."""
