"""One file per published method: its `SPEC`, what its checkout needs, and its class."""
