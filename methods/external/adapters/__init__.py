"""One file a published method: its `SPEC`, what its checkout needs, and its class."""
