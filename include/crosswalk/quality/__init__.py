"""Checks between the systems and the consistency score."""
