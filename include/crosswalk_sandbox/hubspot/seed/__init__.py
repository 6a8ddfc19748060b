"""The demo company as HubSpot records: what is made of each fact, and the blocks that are copied."""
