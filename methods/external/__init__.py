"""Published methods run out of process: a checkout and an interpreter that the user supplies."""
