"""What the account tells by itself: webhooks, the journal, timeline events."""
