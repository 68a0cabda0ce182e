"""What several commands share: verbosity, the file of `run --config`, plans, JSON."""
