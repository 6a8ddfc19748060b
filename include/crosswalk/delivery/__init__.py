"""Intents to writes to receipts, by law 1."""
