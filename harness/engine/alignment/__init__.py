"""Makes predictions and ground truth comparable: opened, paired by name, aligned or refused."""
