"""Associations: both generations of the API over one table."""
