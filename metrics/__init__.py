"""How it is measured: one file per metric."""
