"""Operators: one per stage in a record's life; those that talk to a system come per platform."""
