"""Published methods run out of process, with a checkout and an interpreter of the user."""
