"""Do sound and mouth belong together? What speech calls for, beside what is seen."""
