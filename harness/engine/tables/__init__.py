"""Tables of a run folder: entries of jobs, and the results that their cells give."""
