"""Stored pieces of work: where they lie, what their keys are made of, and who works on them."""
