"""Turns the demo company into this account's rows."""
