"""The record service (NetSuite §5)."""
