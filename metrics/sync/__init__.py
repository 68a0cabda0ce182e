"""Sync-C and Sync-D: SyncNet's confidence and distance between lips and sound."""
