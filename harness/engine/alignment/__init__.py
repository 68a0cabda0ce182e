"""Two sides of files made comparable: opened, paired by name, differences refused or remedied."""
