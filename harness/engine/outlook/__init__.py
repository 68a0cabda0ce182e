"""What work costs and is left: costs of earlier runs, time left, and the plan of a dry run."""
