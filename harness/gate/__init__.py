"""Everything behind `check`: baseline, verdicts, and speed beside a calibration kernel."""
