"""The machine: cells of work, their store, the stages, and a run from plan to results."""
