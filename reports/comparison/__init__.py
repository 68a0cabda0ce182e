"""Two rows compared, value by value."""
