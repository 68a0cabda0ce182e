"""Reports: stored results in, tables and pages out; nothing is recomputed."""
