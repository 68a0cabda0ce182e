"""One engine for `run`, `score` and `ablate`: request, requirements, jobs, cells, results."""
